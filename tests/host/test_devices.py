"""Devices of a device tree, and what a user may call them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import libfdt
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from vellum.cli.devices import devices as command
from vellum.devices import Device, list_devices, merge, select, select_all
from vellum.devices.machine import dump_dtb
from vellum.errors import UsageError

SPECS = {
    "/pl011@9000000": ["pl011@9000000"],
    "pl011@9000000": ["pl011@9000000"],
    "pl011": ["pl011@9000000"],
    "arm,pl011": ["pl011@9000000"],
    "arm,primecell": ["pl011@9000000", "pl031@9010000", "pl061@9030000"],
    "0x9000000-0x9000fff": ["pl011@9000000"],
    "0x9000000+0x1000": ["pl011@9000000"],
    "150994944+4": ["pl011@9000000"],
    "0xa000000-0xa0003ff": ["0xa000000-0xa0003ff"],
    "0xd000000+0x10": ["0xd000000-0xd00000f"],
}


@pytest.fixture(scope="module")
def dtb() -> bytes:
    return dump_dtb(None, 4)


@pytest.fixture(scope="module")
def machine(dtb: bytes) -> list[Device]:
    return list_devices(dtb)


def cells(*values: int) -> bytes:
    return b"".join(value.to_bytes(4, "big") for value in values)


def tree_with_buses() -> bytes:
    """A bus that moves addresses, one that does not, one that the CPU does not reach."""
    fdt = libfdt.FdtSw()
    fdt.finish_reservemap()
    with fdt.add_node(""):
        fdt.property_u32("#address-cells", 2)
        fdt.property_u32("#size-cells", 2)
        with fdt.add_node("soc@80000000"):
            fdt.property_u32("#address-cells", 1)
            fdt.property_u32("#size-cells", 1)
            fdt.property("ranges", cells(0x1000, 0, 0x80001000, 0x10000, 0x40000, 1, 0, 0x1000))
            with fdt.add_node("uart@2000"):
                fdt.property("reg", cells(0x2000, 0x100, 0x40000, 0x10, 0x90000, 4))
            with fdt.add_node("inner"):
                fdt.property_u32("#address-cells", 1)
                fdt.property_u32("#size-cells", 1)
                fdt.property("ranges", cells(0, 0x8000, 0x1000))
                with fdt.add_node("timer@10"):
                    fdt.property("reg", cells(0x10, 0x20))
                    fdt.property_string("status", "disabled")
        with fdt.add_node("same"):
            fdt.property_u32("#address-cells", 2)
            fdt.property_u32("#size-cells", 2)
            fdt.property("ranges", b"")
            with fdt.add_node("gpio@5000"):
                fdt.property("reg", cells(0, 0x5000, 0, 0x10))
        with fdt.add_node("i2c@7000"):
            fdt.property("reg", cells(0, 0x7000, 0, 0x10))
            fdt.property_u32("#address-cells", 1)
            fdt.property_u32("#size-cells", 0)
            with fdt.add_node("sensor@48"):
                fdt.property("reg", cells(0x48))
    return bytes(fdt.as_fdt().as_bytearray())


def test_addresses_are_translated_through_ranges() -> None:
    found = {device.path: device for device in list_devices(tree_with_buses())}
    assert found["/soc@80000000/uart@2000"].ranges == ((0x80002000, 0x100), (0x100000000, 0x10))
    assert found["/soc@80000000/inner/timer@10"].ranges == ((0x80008010, 0x20),)
    assert not found["/soc@80000000/inner/timer@10"].enabled
    assert found["/same/gpio@5000"].ranges == ((0x5000, 0x10),)
    assert set(found) == {
        "/soc@80000000/uart@2000",
        "/soc@80000000/inner/timer@10",
        "/same/gpio@5000",
        "/i2c@7000",
    }


def test_lists_what_qemu_has(machine: list[Device]) -> None:
    by_name = {device.name: device for device in machine}
    assert by_name["intc@8000000"].ranges == ((0x8000000, 0x10000), (0x80A0000, 0xF60000))
    assert by_name["intc@8000000"].registers == "gicv3"
    assert by_name["its@8080000"].path == "/intc@8000000/its@8080000"
    assert by_name["fw-cfg@9020000"].ranges == ((0x9020000, 0x18),)
    assert by_name["flash@0"].ranges == ((0, 0x4000000), (0x4000000, 0x4000000))
    assert by_name["pcie@10000000"].ranges == (
        (0x4010000000, 0x10000000),
        (0x3EFF0000, 0x10000),
        (0x10000000, 0x2EFF0000),
        (0x8000000000, 0x8000000000),
    )
    assert sum(device.base_name == "virtio_mmio" for device in machine) == 32
    assert by_name["memory@40000000"].untraceable == "RAM"
    assert not any(device.name.startswith("cpu") for device in machine)


@pytest.mark.parametrize("spec", SPECS)
def test_selects_by(machine: list[Device], spec: str) -> None:
    assert [device.name for device in select(machine, spec)] == SPECS[spec]


def test_an_address_range_narrows_the_device(machine: list[Device]) -> None:
    (part,) = select(machine, "0x9000018-0x900001b")
    assert part.ranges == ((0x9000018, 4),) and part.registers == "pl011"


def test_all_is_every_device_but_ram(machine: list[Device]) -> None:
    found = select_all(machine, ["all"])
    assert {device.name for device in machine} - {device.name for device in found} == {
        "memory@40000000"
    }


def test_all_takes_the_outer_of_two_devices_in_each_other() -> None:
    outer, inner = Device("a@0", "/a@0", (), ((0, 16),)), Device("b@4", "/b@4", (), ((4, 4),))
    assert select_all([outer, inner], ["all"]) == [outer]


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("virtio_mmio", ["`virtio_mmio@a000000`", "28 more", "`virtio,mmio`"]),
        ("pl01", ["did you mean", "`pl011`", "vellum devices"]),
        ("zzzzz", ["no device `zzzzz`", "vellum devices"]),
        ("", ["no device"]),
        ("memory", ["RAM"]),
        ("0x40000000+4", ["RAM"]),
        ("0x9000fff-0x9000000", ["empty"]),
        ("0x9000000+0", ["empty"]),
        ("0x9000000+0x100000000000000", ["52 bits"]),
    ],
)
def test_refuses(machine: list[Device], spec: str, words: list[str]) -> None:
    with pytest.raises(UsageError) as error:
        select(machine, spec)
    assert "\n" not in str(error.value)
    assert all(word in str(error.value) for word in words), str(error.value)


def test_a_device_named_twice_is_selected_once(machine: list[Device]) -> None:
    specs = ["pl011", "/pl011@9000000", "arm,pl011", "0x9000010+8"]
    assert select_all(machine, specs) == select(machine, "pl011")


def test_parts_of_one_device_stay_apart_unless_they_overlap(machine: list[Device]) -> None:
    (apart,) = select_all(machine, ["0x9000000+4", "0x9000018+4"])
    assert apart.ranges == ((0x9000000, 4), (0x9000018, 4))
    (joined,) = select_all(machine, ["0x9000000+8", "0x9000004+8"])
    assert joined.ranges == ((0x9000000, 12),)


def test_overlapping_devices_are_refused_by_name(machine: list[Device]) -> None:
    with pytest.raises(UsageError, match=r"0x9000800-0x90107ff.*pl031@9010000"):
        select_all(machine, ["0x9000800-0x90107ff", "pl031"])
    with pytest.raises(UsageError, match=r"`a` and `b`"):
        merge([Device("a", "/a", (), ((0, 8),)), Device("b", "/b", (), ((4, 8),))])


@pytest.mark.parametrize("data", [b"", b"x" * 4, b"\xd0\x0d\xfe\xed", bytes(100)])
def test_what_is_no_device_tree_is_a_usage_error(data: bytes) -> None:
    with pytest.raises(UsageError):
        list_devices(data)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_damaged_device_tree_never_crashes_it(data: st.DataObject) -> None:
    tree = bytearray(tree_with_buses())
    for _ in range(data.draw(st.integers(1, 4))):
        tree[data.draw(st.integers(0, len(tree) - 1))] = data.draw(st.integers(0, 255))
    length = data.draw(st.sampled_from([len(tree), len(tree) // 2, 41]))
    try:
        select_all(list_devices(bytes(tree[:length])), ["all"])
    except UsageError as error:
        assert "\n" not in str(error)


def test_the_command_lists_the_default_machine() -> None:
    done = CliRunner().invoke(command, ["--json", "--smp", "2"])
    assert done.exit_code == 0
    listed = {device["name"]: device for device in json.loads(done.output)}
    assert "UARTFR" in listed["pl011@9000000"]["register_names"]
    assert "link" in listed["virtio_mmio@a003e00"]["untraceable"]
    text = CliRunner().invoke(command, ["--registers"]).output
    assert "0x9000000-0x9000fff" in text and "UARTLCR_H" in text


def test_the_command_reads_a_file(tmp_path: Path, dtb: bytes) -> None:
    (tmp_path / "a.dtb").write_bytes(dtb)
    done = CliRunner().invoke(command, ["--dtb", str(tmp_path / "a.dtb")])
    assert done.exit_code == 0 and "pl031@9010000" in done.output


@pytest.mark.parametrize(
    "arguments", [["--dtb", "/nonexistent"], ["--", "-nosuch"], ["--qemu-binary", "/nonexistent"]]
)
def test_the_command_tells_what_is_wrong_in_one_line(vellum: str, arguments: list[str]) -> None:
    done = subprocess.run(
        [vellum, "devices", *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1 and "Traceback" not in done.stderr
