"""The guest's device tree: what is changed, and that nothing else is. dtc is the oracle."""

from __future__ import annotations

import subprocess
from difflib import unified_diff
from pathlib import Path

import pytest
from vellum.boot.fdt import GuestOptions, VellumParts, edit_fdt, free_ram
from vellum.boot.layout import Range
from vellum.errors import VellumError

RAM = Range(0x40000000, 0x50000000)
TOP = Range(0x4F000000, 0x50000000)
LINK = 0x0A003E00
PL011 = 0x09000000


def source(blob: bytes) -> list[str]:
    result = subprocess.run(
        ["dtc", "-I", "dtb", "-O", "dts", "-s"], input=blob, capture_output=True, check=True
    )
    return [line.strip() for line in result.stdout.decode().splitlines()]


def compiled(text: str) -> bytes:
    return subprocess.run(
        ["dtc", "-I", "dts", "-O", "dtb"], input=text.encode(), capture_output=True, check=True
    ).stdout


def changes(before: bytes, after: bytes) -> tuple[list[str], list[str]]:
    diff = [
        d for d in unified_diff(source(before), source(after), n=0) if d[:2] not in ("++", "--")
    ]
    gone = [d[1:] for d in diff if d[0] == "-" and d[1:] not in ("", "};")]
    new = [d[1:] for d in diff if d[0] == "+" and d[1:] not in ("", "};")]
    return gone, new


def test_only_memory_link_and_chosen_change(virt_dtb: Path) -> None:
    before = virt_dtb.read_bytes()
    guest = GuestOptions('console=ttyAMA0 x="y"', Range(0x44000000, 0x44001234))
    gone, new = changes(before, edit_fdt(before, VellumParts(TOP, LINK, 0), guest))
    assert sorted(gone) == sorted([
        "reg = <0x00 0x40000000 0x00 0x10000000>;",
        "virtio_mmio@a003e00 {", "compatible = \"virtio,mmio\";", "dma-coherent;",
        "interrupts = <0x00 0x2f 0x01>;", "reg = <0x00 0xa003e00 0x00 0x200>;",
    ])  # fmt: skip
    assert sorted(new) == sorted([
        "reg = <0x00 0x40000000 0x00 0xf000000>;",
        'bootargs = "console=ttyAMA0 x=\\"y\\"";',
        "linux,initrd-start = <0x00 0x44000000>;", "linux,initrd-end = <0x00 0x44001234>;",
    ])  # fmt: skip


def test_a_hole_in_the_middle_splits_memory(virt_dtb: Path) -> None:
    before = virt_dtb.read_bytes()
    hole = Range(0x48000000, 0x49000000)
    after = edit_fdt(before, VellumParts(hole, LINK, 0), GuestOptions())
    assert "reg = <0x00 0x40000000 0x00 0x8000000 0x00 0x49000000 0x00 0x7000000>;" in source(after)
    assert free_ram(before, hole) == [Range(RAM.start, hole.start), Range(hole.end, RAM.end)]


def test_over_the_pl011_the_guest_keeps_it_with_another_interrupt(virt_dtb: Path) -> None:
    before = virt_dtb.read_bytes()
    after = edit_fdt(before, VellumParts(TOP, PL011, 77), GuestOptions())
    gone, new = changes(before, after)
    assert gone[1:] == ["interrupts = <0x00 0x01 0x04>;"]
    assert new[1:] == ["interrupts = <0x00 0x2d 0x04>;"]  # INTID 77 is SPI 45


def test_without_random_the_seeds_go(virt_dtb: Path) -> None:
    before = virt_dtb.read_bytes()
    assert any("kaslr-seed" in line for line in source(before))
    after = edit_fdt(before, VellumParts(TOP, LINK, 0), GuestOptions(random=False))
    assert not any("-seed" in line for line in source(after))


def test_what_the_guest_was_told_before_is_replaced(virt_dtb: Path) -> None:
    first = GuestOptions("a", Range(1 << 30, (1 << 30) + 5))
    parts = VellumParts(TOP, LINK, 0)
    once = edit_fdt(virt_dtb.read_bytes(), parts, first)
    with pytest.raises(VellumError, match="no link device at 0xa003e00"):
        edit_fdt(once, parts, GuestOptions())
    again = edit_fdt(once, VellumParts(TOP, PL011, 77), GuestOptions("b"))
    assert not any("initrd" in line or '"a"' in line for line in source(again))


def test_banks_reservations_and_cells_of_any_size_are_understood() -> None:
    blob = compiled("""
        /dts-v1/; /memreserve/ 0x80000000 0x1000;
        / { #address-cells = <1>; #size-cells = <1>;
            memory@80000000 { device_type = "memory"; reg = <0x80000000 0x1000000>; };
            memory@90000000 { device_type = "memory"; reg = <0x90000000 0x100000>; };
            reserved-memory { #address-cells = <1>; #size-cells = <1>; ranges;
                r@80800000 { reg = <0x80800000 0x1000>; }; };
            link@1000 { compatible = "virtio,mmio"; reg = <0x1000 0x200>; }; };
    """)
    vellum = Range(0x90000000, 0x90100000)
    assert free_ram(blob, vellum) == [
        Range(0x80001000, 0x80800000), Range(0x80801000, 0x81000000),
    ]  # fmt: skip
    after = source(edit_fdt(blob, VellumParts(vellum, 0x1000, 0), GuestOptions("x")))
    assert "memory@80000000 {" in after and "chosen {" in after
    assert not any(name in line for line in after for name in ("memory@90000000", "link@"))


def test_a_broken_tree_is_an_error() -> None:
    with pytest.raises(VellumError, match="device tree is broken"):
        free_ram(b"\xd0\x0d\xfe\xed" + bytes(60), TOP)
