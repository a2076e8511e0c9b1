"""Descriptions of registers: well formed, and true on QEMU's devices."""

from __future__ import annotations

import re
import subprocess

import pytest
from vellum.devices import load_registers
from vellum.devices.registers import Hit, RegisterMap, parse_registers
from vellum.qemu.binary import find_qemu

NAMES = ["fw-cfg", "gicv3", "gicv3-its", "pci-ecam", "pl011", "pl031", "pl061", "virtio-mmio"]

MACHINE = "-S -M virt,gic-version=3 -cpu max -smp 2 -nodefaults -display none -monitor stdio"

# What QEMU's devices hold after reset, by register: (description, base, range, name, value).
AFTER_RESET = [
    ("pl011", 0x9000000, 0, "UARTFR", 0x90),
    ("pl011", 0x9000000, 0, "UARTCR", 0x300),
    ("pl011", 0x9000000, 0, "UARTIFLS", 0x12),
    ("pl011", 0x9000000, 0, "UARTPeriphID0", 0x11),
    ("pl011", 0x9000000, 0, "UARTPCellID3", 0xB1),
    ("pl031", 0x9010000, 0, "RTCPeriphID0", 0x31),
    ("pl031", 0x9010000, 0, "RTCPCellID1", 0xF0),
    ("pl061", 0x9030000, 0, "GPIOPeriphID0", 0x61),
    ("pl061", 0x9030000, 0, "GPIOPCellID2", 0x05),
    ("gicv3", 0x8000000, 0, "GICD_PIDR2", 0x3B),
    ("gicv3", 0x8000000, 0, "GICD_IIDR", 0x43B),
    ("gicv3", 0x80A0000, 1, "1.GICR_PIDR2", 0x3B),
    ("gicv3", 0x80A0000, 1, "0.GICR_WAKER", 0x6),
    ("gicv3-its", 0x8080000, 0, "GITS_CTLR", 0x80000000),
    ("gicv3-its", 0x8080000, 0, "GITS_PIDR2", 0x3B),
    ("pci-ecam", 0x4010000000, 0, "00:00.0.VendorID", 0x00081B36),
    ("virtio-mmio", 0xA000000, 0, "MagicValue", 0x74726976),
    ("virtio-mmio", 0xA000000, 0, "Version", 1),
    ("virtio-mmio", 0xA000000, 0, "VendorID", 0x554D4551),
]


def known(name: str) -> RegisterMap:
    found = load_registers(name)
    assert found is not None
    return found


def hit(name: str, offset: int, *, block: int = 0, write: bool = False) -> Hit:
    found = known(name).find(block, offset, write)
    assert found is not None
    return found


def shown(name: str, offset: int, value: int, *, size: int = 4, write: bool = False) -> str:
    return hit(name, offset, write=write).register.show(value, size)


def offset_of(registers: RegisterMap, block: int, name: str) -> int:
    """Where a register is, by asking for every offset there is."""
    for offset in range(0, 0x40000, 4):
        found = registers.find(block, offset, False)
        if found and found.name == name and found.byte == 0:
            return offset
    raise AssertionError(name)


@pytest.mark.parametrize("name", NAMES)
def test_registers_and_fields_do_not_overlap(name: str) -> None:
    registers = known(name)
    assert registers.source and registers.compatible
    for block in registers.blocks:
        for access in "rw":
            ends = 0
            ordered = sorted(
                (r for r in block.registers if access in r.access), key=lambda r: r.offset
            )
            for register in ordered:
                assert register.offset >= ends, register.name
                ends = register.offset + register.count * register.stride
                used = 0
                for field in register.fields:
                    assert not used & field.mask, f"{register.name}.{field.name}"
                    used |= field.mask
                assert used < 1 << 8 * register.size, register.name


def test_every_description_is_tested() -> None:
    import vellum.devices.registers as module

    assert sorted(module._all_registers()) == NAMES


def test_descriptions_hold_what_qemu_has_after_reset() -> None:
    commands = []
    for name, base, block, register, _ in AFTER_RESET:
        commands.append(f"xp /1wx {base + offset_of(known(name), block, register):#x}")
    done = subprocess.run(
        [find_qemu(), *MACHINE.split()],
        input="\n".join([*commands, "quit", ""]),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    values = [int(text, 16) for text in re.findall(r"^[0-9a-f]{16}: (0x\S+)", done.stdout, re.M)]
    found = [(row[3], value) for row, value in zip(AFTER_RESET, values, strict=True)]
    assert found == [(row[3], row[4]) for row in AFTER_RESET]


def test_fields_are_decoded() -> None:
    assert shown("pl011", 0x18, 0x90) == "RXFE TXFE"
    assert shown("pl011", 0x2C, 0x70) == "FEN WLEN=8bits"
    assert shown("pl011", 0x24, 0x27) == "BAUDDIVINT=0x27"
    assert shown("pl011", 0x30, 1 << 20 | 1) == "UARTEN +0x100000"
    assert shown("virtio-mmio", 0x70, 0xB, write=True) == "ACKNOWLEDGE DRIVER FEATURES_OK"
    assert shown("virtio-mmio", 0x8, 2) == "device=block"


def test_characters_are_shown() -> None:
    assert shown("pl011", 0, 0x41, write=True) == "'A'"
    assert shown("pl011", 0, 0x0A, write=True) == ""
    assert shown("pl011", 0, 0x441) == "'A' BE"


def test_big_endian_registers_are_decoded_in_their_own_order() -> None:
    assert shown("fw-cfg", 8, 0x1900, size=2, write=True) == "key=FILE_DIR"


def test_a_register_may_differ_for_reads_and_writes() -> None:
    assert hit("pl011", 4).name == "UARTRSR"
    assert hit("pl011", 4, write=True).name == "UARTECR"


def test_arrays_name_their_elements() -> None:
    assert hit("gicv3", 0x6100).name == "GICD_IROUTER32"
    assert hit("gicv3", 0x108).name == "GICD_ISENABLER2"
    assert hit("gicv3", 0x402).byte == 2
    assert hit("virtio-mmio", 0x10E).name == "Config+14"
    assert hit("pci-ecam", 0x1FB010).name == "01:1f.3.BAR0"
    assert hit("gicv3", 3 * 0x20000 + 0x10080, block=1).name == "3.GICR_IGROUPR0"


def test_between_registers_there_is_none() -> None:
    assert known("pl011").find(0, 0x8, False) is None
    assert known("pl011").find(0, 0xFFC + 4, False) is None
    assert known("pl011").find(1, 0, False) is None
    assert known("pl031").find(0, 0x0, True) is None


def test_a_description_with_an_unknown_key_is_refused() -> None:
    text = 'title="t"\nsource="s"\ncompatible=[]\n[[block]]\n[block.register.A]\noffset=0\nx=1\n'
    with pytest.raises(TypeError):
        parse_registers("t", text)
