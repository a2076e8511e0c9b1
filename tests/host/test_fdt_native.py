"""The EL2 reader of device trees, built natively, against pylibfdt's reading of the same trees."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import libfdt
import pytest
from native import native_tool
from vellum.codegen.__main__ import ROOT

QUIET = libfdt.QUIET_NOTFOUND
MAX_CPUS = 64


@pytest.fixture(scope="module")
def read_machine() -> Path:
    return native_tool("read_machine")


def read(program: Path, dtb: Path, *ranges: tuple[int, int]) -> dict[str, Any]:
    asked = [str(number) for one in ranges for number in one]
    done = subprocess.run(
        [str(program), str(dtb), *asked], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def compiled(name: str, directory: Path) -> Path:
    dtb = directory / f"{name}.dtb"
    source = ROOT / "dt/tests" / f"{name}.dts"
    subprocess.run(["dtc", "-q", "-O", "dtb", "-o", str(dtb), str(source)], timeout=60, check=True)
    return dtb


# --- what QEMU's trees say, by pylibfdt -------------------------------------------------------


def children(fdt: libfdt.Fdt, parent: int) -> Iterator[int]:
    node = fdt.first_subnode(parent, QUIET)
    while node >= 0:
        yield node
        node = fdt.next_subnode(node, QUIET)


def raw(fdt: libfdt.Fdt, node: int, name: str) -> bytes | None:
    value = fdt.getprop(node, name, QUIET)
    return None if isinstance(value, int) else bytes(value)


def strings(fdt: libfdt.Fdt, node: int, name: str) -> list[str]:
    return (raw(fdt, node, name) or b"").decode().split("\0")[:-1]


def cells(data: bytes | None) -> list[int]:
    data = data or b""
    return [int.from_bytes(data[at : at + 4], "big") for at in range(0, len(data), 4)]


def reg(fdt: libfdt.Fdt, node: int) -> list[list[int]]:
    """Two cells each, as QEMU's virt has them."""
    c = cells(raw(fdt, node, "reg"))
    return [[c[at] << 32 | c[at + 1], c[at + 2] << 32 | c[at + 3]] for at in range(0, len(c), 4)]


def device(fdt: libfdt.Fdt, node: int) -> list[int]:
    kind, number, _ = cells(raw(fdt, node, "interrupts"))[:3]
    return [*reg(fdt, node)[0], number + (32 if kind == 0 else 16)]


def windows(fdt: libfdt.Fdt, node: int) -> Iterator[int]:
    """Ends of the windows of PCIe: three cells, two, two."""
    c = cells(raw(fdt, node, "ranges"))
    if strings(fdt, node, "device_type") == ["pci"]:
        for at in range(0, len(c), 7):
            yield (c[at + 3] << 32 | c[at + 4]) + (c[at + 5] << 32 | c[at + 6])
    else:  # platform bus: one, two, one
        for at in range(0, len(c), 4):
            yield (c[at + 1] << 32 | c[at + 2]) + c[at + 3]


def used_spis(fdt: libfdt.Fdt) -> set[int]:
    found = set()
    for node in children(fdt, 0):
        c = cells(raw(fdt, node, "interrupts"))
        found |= {c[at + 1] for at in range(0, len(c) - 2, 3) if c[at] == 0}
        c = cells(raw(fdt, node, "interrupt-map"))
        # PCI unit address, pin, phandle, two cells of the GIC's own address, type, number, flags
        found |= {c[at + 8] for at in range(0, len(c), 10)}
    return found


def redistributors(fdt: libfdt.Fdt, gic: int) -> list[list[int]]:
    count = cells(raw(fdt, gic, "#redistributor-regions"))[0]
    return reg(fdt, gic)[1 : 1 + count]


def expected(dtb: bytes) -> dict[str, Any]:
    fdt = libfdt.Fdt(dtb)
    nodes = list(children(fdt, 0))
    okay = [n for n in nodes if strings(fdt, n, "status") in ([], ["okay"])]

    def compatible(name: str) -> list[int]:
        return [n for n in okay if name in strings(fdt, n, "compatible")]

    gic = compatible("arm,gic-v3")
    cpus = fdt.path_offset("/cpus")
    psci = fdt.path_offset("/psci", QUIET)  # none where secure firmware would be
    wide = cells(raw(fdt, cpus, "#address-cells"))[0]
    stdout = strings(fdt, fdt.path_offset("/chosen"), "stdout-path")[0]
    tops = [start + size for n in nodes for start, size in reg(fdt, n)]
    tops += [end for n in nodes for end in windows(fdt, n)]
    mpidrs = [
        int.from_bytes((raw(fdt, n, "reg") or b"")[: 4 * wide], "big")
        for n in children(fdt, cpus)
        if strings(fdt, n, "device_type") == ["cpu"]
    ]
    ram = [r for n in okay if strings(fdt, n, "device_type") == ["memory"] for r in reg(fdt, n)]
    return {
        "ram": sorted(ram),
        "gicd": [reg(fdt, gic[0])[0] if gic else [0, 0]],
        "gicr": redistributors(fdt, gic[0]) if gic else [],
        "pl011": [device(fdt, fdt.path_offset(stdout))],
        "virtio_mmio": [device(fdt, n) for n in compatible("virtio,mmio")],
        "cpu_count": len(mpidrs),
        "cpus": mpidrs[:MAX_CPUS],
        "address_top": max(tops),
        "psci_is_smc": psci >= 0 and strings(fdt, psci, "method") == ["smc"],
    }


MACHINES = {
    "one-cpu": ["-M", "virt,virtualization=on,gic-version=3", "-m", "512M"],
    "eight-cpus": ["-M", "virt,virtualization=on,gic-version=3", "-smp", "8", "-m", "6G"],
    "no-el2": ["-M", "virt,gic-version=3", "-smp", "2"],
    "gicv2": ["-M", "virt,virtualization=on,gic-version=2", "-smp", "2"],
    "gicv4": ["-M", "virt,virtualization=on,gic-version=max", "-smp", "4"],
    "secure": ["-M", "virt,virtualization=on,secure=on,gic-version=3", "-smp", "2"],
    "low": ["-M", "virt,virtualization=on,gic-version=3,highmem=off,its=off", "-m", "2G"],
    "smmu": ["-M", "virt,virtualization=on,gic-version=3,iommu=smmuv3", "-smp", "3"],
    "mte": ["-M", "virt,virtualization=on,gic-version=3,mte=on", "-cpu", "max"],
    "old-cpu": ["-M", "virt,virtualization=on,gic-version=3", "-cpu", "cortex-a53", "-smp", "4"],
    "many-cpus": ["-M", "virt,virtualization=on,gic-version=3", "-smp", "200"],
    "numa": [
        *("-M", "virt,virtualization=on,gic-version=3", "-smp", "4", "-m", "1G"),
        *("-object", "memory-backend-ram,id=a,size=256M", "-numa", "node,memdev=a,cpus=0-1"),
        *("-object", "memory-backend-ram,id=b,size=768M", "-numa", "node,memdev=b,cpus=2-3"),
    ],
}
PROBLEMS = {"gicv2": "no GICv3", "many-cpus": "more CPUs than MAX_CPUS"}


@pytest.mark.parametrize("name", MACHINES)
def test_reads_from_qemus_tree_what_pylibfdt_reads(
    name: str, tmp_path: Path, read_machine: Path
) -> None:
    dtb = tmp_path / "virt.dtb"
    arguments = MACHINES[name]
    cpu = [] if "-cpu" in arguments else ["-cpu", "max"]
    command = ["qemu-system-aarch64", *arguments, *cpu, "-display", "none", "-nodefaults"]
    subprocess.run(
        [*command, "-machine", f"dumpdtb={dtb}"], capture_output=True, timeout=60, check=True
    )
    # QEMU dumps a megabyte of padding behind the tree.
    wanted = expected(dtb.read_bytes())
    found = read(read_machine, dtb)
    problem = found.pop("problem")
    assert PROBLEMS[name] in problem if name in PROBLEMS else problem is None
    free = found.pop("free_spi") - 32
    assert free not in used_spis(libfdt.Fdt(dtb.read_bytes())) and 0 <= free < 224
    found.pop("reserved")
    assert found == wanted


# --- what a board may say ---------------------------------------------------------------------


def test_ram_in_pieces_is_sorted_without_what_is_empty_or_secure(
    tmp_path: Path, read_machine: Path
) -> None:
    found = read(read_machine, compiled("banks", tmp_path))
    assert found["problem"] is None
    assert found["ram"] == [
        [0x4000_0000, 0x2000_0000],
        [0x8000_0000, 0x4000_0000],
        [0x8_8000_0000, 0x8000_0000],
    ]
    assert found["address_top"] == 0x100_0000_0000


def test_every_redistributor_region_is_read(tmp_path: Path, read_machine: Path) -> None:
    found = read(read_machine, compiled("banks", tmp_path))
    assert found["gicd"] == [[0x800_0000, 0x1_0000]]
    assert found["gicr"] == [
        [0x80A_0000, 0x2_0000],
        [0x820_0000, 0x4_0000],
        [0x40_0000_0000, 0x8_0000],
    ]


def test_a_cpu_that_failed_is_none_and_one_that_waits_is_one(
    tmp_path: Path, read_machine: Path
) -> None:
    assert read(read_machine, compiled("banks", tmp_path))["cpus"] == [0, 0x1_0000_0203]


def test_the_console_is_that_of_stdout_path(tmp_path: Path, read_machine: Path) -> None:
    found = read(read_machine, compiled("banks", tmp_path))
    assert found["pl011"] == [[0x901_0000, 0x1000, 25]]
    # One on another bus has addresses of that bus.
    assert read(read_machine, compiled("small", tmp_path))["pl011"] == [[0, 0, 0]]


def test_interrupts_of_every_form_are_in_use(tmp_path: Path, read_machine: Path) -> None:
    found = read(read_machine, compiled("banks", tmp_path))
    assert found["free_spi"] == 67 + 32
    assert found["virtio_mmio"] == [[0xA00_0000, 0x200, 0]]  # there is no SPI 1000


@pytest.mark.parametrize(
    ("start", "size", "reserved"),
    [
        (0x4000_0000, 1, True),
        (0x4000_FFFF, 0x1000, True),
        (0x4001_0000, 0x1000_0000, False),
        (0x8_EFFF_FFFF, 1, False),
        (0x8_EFFF_FFFF, 2, True),
        (0x8_F010_0000, 0x7F0_0000, False),
        (0x8_F010_0000, 0x7F0_0001, True),
        (0x8_F800_0FFF, 1, True),
        (0x8_F800_1000, 1, False),
        (0xFFFF_FFFF_FFFF_E000, 0x1000, False),
        (0xFFFF_FFFF_FFFF_E000, 0x1001, True),
    ],
)
def test_reservations(
    start: int, size: int, reserved: bool, tmp_path: Path, read_machine: Path
) -> None:
    dtb = compiled("banks", tmp_path)
    assert read(read_machine, dtb, (start, size))["reserved"] == [reserved]


def test_one_cell_an_address_and_psci_by_hvc(tmp_path: Path, read_machine: Path) -> None:
    found = read(read_machine, compiled("small", tmp_path))
    assert found["problem"] is None
    assert found["ram"] == [[0x8000_0000, 0x1000_0000]]
    assert found["gicr"] == [[0x110_0000, 0x4_0000]]
    assert found["cpus"] == [1]
    assert found["psci_is_smc"] is False


def test_a_tree_that_names_nothing_is_refused(tmp_path: Path, read_machine: Path) -> None:
    assert read(read_machine, compiled("empty", tmp_path))["problem"] == "the FDT names no RAM"


def test_careless_trees_do_no_harm(tmp_path: Path, read_machine: Path) -> None:
    found = read(read_machine, compiled("cells", tmp_path), (0, 1), (5, 1 << 62))
    assert found["problem"] is None
    assert found["ram"] == [[0x4000_0000, 0x1000_0000], [0x1_0000_0000, 0xFFFF_FFFF]]
    assert found["gicr"] == [[0x80A_0000, 0x2_0000]]  # the first GIC's
    assert found["pl011"] == [[0, 0, 0]]
    assert found["virtio_mmio"] == [[0xA00_0000, 0x200, 0]]
    assert found["reserved"] == [False, False]


def with_banks(count: int) -> str:
    entries = " ".join(f"<0x{at:x}0000000 0x1000>" for at in range(1, count + 1))
    return f"""/dts-v1/; / {{ #address-cells = <1>; #size-cells = <1>;
        memory {{ device_type = "memory"; reg = {entries.replace("> <", ">, <")}; }}; }};"""


def test_more_ram_banks_than_there_is_room_for_are_told(tmp_path: Path, read_machine: Path) -> None:
    dtb = tmp_path / "banks.dtb"
    for count, told in ((15, "no CPU"), (17, "more banks of RAM than MAX_RAM_BANKS")):
        text = with_banks(min(count, 15))
        if count > 15:
            text = text.replace("; };", ", <0x5000 0x1000>, <0x9000 0x1000>; };", 1)
        subprocess.run(
            ["dtc", "-q", "-O", "dtb", "-o", str(dtb)], input=text, text=True, check=True
        )
        assert told in read(read_machine, dtb)["problem"]
