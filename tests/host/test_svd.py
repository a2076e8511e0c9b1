"""CMSIS-SVD files: against PyPI's cmsis-svd, against the format's text where that one is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from cmsis_svd.parser import SVDParser
from hypothesis import given, settings
from hypothesis import strategies as st
from vellum.devices import Device
from vellum.devices.svd import Peripheral, attach, load_svd
from vellum.errors import UsageError

HEAD = '<?xml version="1.0" encoding="utf-8"?>\n<device schemaVersion="1.3"><name>T</name>'

FULL = f"""{HEAD}<size>32</size><access>read-write</access><peripherals>
<peripheral><name>UART0</name><baseAddress>0x9000000</baseAddress>
 <addressBlock><offset>0</offset><size>0x1000</size><usage>registers</usage></addressBlock>
 <registers>
  <register><name>DR</name><addressOffset>0x0</addressOffset><size>16</size><fields>
   <field><name>DATA</name><bitRange>[7:0]</bitRange></field>
   <field><name>ERR</name><bitOffset>8</bitOffset><bitWidth>4</bitWidth>
    <enumeratedValues><enumeratedValue><name>none</name><value>0</value></enumeratedValue>
    <enumeratedValue><name>frame</name><value>#0001</value></enumeratedValue></enumeratedValues>
   </field></fields></register>
  <register><name>FR</name><addressOffset>0x18</addressOffset><access>read-only</access><fields>
   <field><name>BUSY</name><lsb>3</lsb><msb>3</msb></field></fields></register>
  <register derivedFrom="FR"><name>FR2</name><description>x</description>
   <addressOffset>0x1c</addressOffset></register>
  <register><dim>4</dim><dimIncrement>8</dimIncrement><dimIndex>A,B,C,D</dimIndex>
   <name>CH%s</name><addressOffset>0x40</addressOffset></register>
  <register><dim>3</dim><dimIncrement>4</dimIncrement><dimIndex>2-4</dimIndex>
   <name>LVL%s</name><addressOffset>0x80</addressOffset><access>write-only</access></register>
  <cluster><dim>2</dim><dimIncrement>0x20</dimIncrement><name>DMA%s</name>
   <addressOffset>0x100</addressOffset>
   <register><name>SRC</name><addressOffset>0</addressOffset><size>64</size></register>
   <register><name>LEN</name><addressOffset>8</addressOffset></register></cluster>
 </registers></peripheral>
<peripheral derivedFrom="UART0"><name>UART1</name><baseAddress>0x9010000</baseAddress></peripheral>
<peripheral><name>ODD</name><baseAddress>150994944</baseAddress><size>8</size>
 <registers><register><name>B</name><addressOffset>0x900</addressOffset></register></registers>
</peripheral></peripherals></device>"""


def load(tmp_path: Path, text: str) -> list[Peripheral]:
    path = tmp_path / "t.svd"
    path.write_text(text)
    return load_svd(path)


def flat(peripherals: list[Peripheral]) -> list[tuple[object, ...]]:
    return sorted(
        (
            one.name,
            one.base,
            register.name.replace(".", "_"),
            register.offset,
            register.size * 8,
            register.access,
            sorted((f.name, f.low, f.width, sorted(f.names.items())) for f in register.fields),
        )
        for one in peripherals
        for register in one.registers
    )


def theirs(path: Path) -> list[tuple[object, ...]]:
    ways = {"read-only": "r", "write-only": "w", "read-write": "rw", None: "rw"}
    found = []
    for one in SVDParser.for_xml_file(str(path)).get_device().get_peripherals():
        for register in one.get_registers():
            fields = sorted(
                (
                    field.name,
                    field.bit_offset,
                    field.bit_width,
                    sorted(
                        (value.value, value.name)
                        for group in field.enumerated_values or []
                        for value in group.enumerated_values
                    ),
                )
                for field in register.get_fields()
            )
            way = ways[register.access and register.access.value]
            place = one.name, one.base_address, register.name, register.address_offset
            found.append((*place, register.size, way, fields))
    return sorted(found)


def test_reads_what_cmsis_svd_reads(tmp_path: Path) -> None:
    assert flat(load(tmp_path, FULL)) == theirs(tmp_path / "t.svd")
    assert len(theirs(tmp_path / "t.svd")) == 2 * 14 + 1


numbers = st.integers(0, 0xFFF)
written = st.sampled_from(["{}", "{:#x}", "0X{:X}", "+{}"])


@settings(max_examples=60, deadline=None)
@given(
    registers=st.lists(
        st.tuples(numbers, st.sampled_from([8, 16, 32, 64]), st.integers(1, 5), st.booleans()),
        min_size=1,
        max_size=6,
    ),
    base=st.integers(0, 2**40),
)
def test_reads_any_registers_as_cmsis_svd_does(
    tmp_path_factory: pytest.TempPathFactory,
    registers: list[tuple[int, int, int, bool]],
    base: int,
) -> None:
    rows = ""
    for serial, (offset, size, dim, array) in enumerate(registers):
        name = f"R{serial}_%s" if array else f"R{serial}"
        many = f"<dim>{dim}</dim><dimIncrement>{size // 8}</dimIncrement>" if array else ""
        rows += (
            f"<register>{many}<name>{name}</name><addressOffset>{offset:#x}</addressOffset>"
            f"<size>{size}</size><fields><field><name>F</name><bitOffset>1</bitOffset>"
            "<bitWidth>3</bitWidth></field></fields></register>"
        )
    text = (
        f"{HEAD}<peripherals><peripheral><name>P</name><baseAddress>{base:#x}</baseAddress>"
        f"<registers>{rows}</registers></peripheral></peripherals></device>"
    )
    folder = tmp_path_factory.mktemp("svd")
    assert flat(load(folder, text)) == theirs(folder / "t.svd")


def test_a_cluster_in_a_cluster_lies_behind_its_offset(tmp_path: Path) -> None:
    """The format: addressOffset is relative to the parent. cmsis-svd 0.6 leaves the outer out."""
    text = f"""{HEAD}<peripherals><peripheral><name>P</name><baseAddress>0</baseAddress><registers>
    <cluster><name>A</name><addressOffset>0x100</addressOffset>
     <cluster><dim>2</dim><dimIncrement>4</dimIncrement><name>B[%s]</name>
      <addressOffset>0x20</addressOffset>
      <register><name>R</name><addressOffset>0x3</addressOffset><size>8</size></register>
     </cluster></cluster></registers></peripheral></peripherals></device>"""
    (one,) = load(tmp_path, text)
    assert [(r.name, r.offset) for r in one.registers] == [
        ("A.B[0].R", 0x123),
        ("A.B[1].R", 0x127),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no element"),
        ("\0\1\2", "not well-formed"),
        ("<device><peripherals>", "no element|mismatched|closing"),
        ("<html/>", "begins with <html>"),
        ("<device/>", "no <peripherals>"),
        (FULL.replace("0x9000000", "0x90zz"), "baseAddress is `0x90zz`"),
        (FULL.replace("<name>DR</name>", ""), "a register has no name"),
        (FULL.replace("<addressOffset>0x18</addressOffset>", ""), "register FR has no addressOff"),
        (FULL.replace('derivedFrom="FR"', 'derivedFrom="XX"'), "`XX`, which is not there"),
        (FULL.replace('derivedFrom="UART0"', 'derivedFrom="UART1"'), "derived from itself"),
        (FULL.replace("<dim>4</dim>", "<dim>4000000000</dim>"), "4,000,000,000 elements"),
        (FULL.replace("[7:0]", "[0:7]"), "field DR.DATA has bits 0 to 7"),
        (FULL.replace("<size>16</size>", "<size>0</size>"), "0 bits"),
        (
            '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa">'
            + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(10))
            + "]><device><name>&k;</name></device>",
            "amplification",
        ),
    ],
)
def test_a_bad_file_is_an_error_of_one_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as error:
        load(tmp_path, text)
    assert "\n" not in str(error.value) and len(str(error.value)) < 300


def test_a_missing_file_is_an_error_of_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        load_svd(tmp_path / "none")
    with pytest.raises(UsageError, match="cannot read"):
        load_svd(tmp_path)


def test_peripherals_lie_in_devices_or_become_some(tmp_path: Path) -> None:
    tree = Device("soc@9000000", "/soc@9000000", (), ((0x9000000, 0x10000),), "pl011")
    devices, maps = attach([tree], load(tmp_path, FULL))
    assert [(one.name, one.ranges[0]) for one in devices] == [
        ("soc@9000000", (0x9000000, 0x10000)),
        ("UART1", (0x9010000, 0x1000)),
    ]
    soc, uart = (maps[one.registers or ""] for one in devices)
    hit = soc.find(0, 0x128, write=False)
    assert hit and hit.name == "UART0.DMA1.LEN"
    hit = soc.find(0, 0x900, write=True)
    assert hit and hit.name == "ODD.B"
    hit = uart.find(0, 0x18, write=False)
    assert hit and hit.name == "FR" and uart.find(0, 0x18, write=True) is None
