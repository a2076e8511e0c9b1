"""Devices of a flattened device tree: names, compatible strings and CPU physical ranges.

Addresses follow the Devicetree Specification v0.4, section 2.3 (`reg`, `ranges`, #address-cells,
#size-cells), and for PCI host bridges the IEEE 1275 PCI bus binding: a bridge's windows are listed
after its own `reg`, since the devices behind them are not in the tree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import libfdt

from vellum.devices.registers import registers_for
from vellum.errors import UsageError

FDT_MAGIC = 0xD00DFEED
FDT_HEADER_SIZE = 40
QUIET = (libfdt.NOTFOUND,)
PCI_CELLS = 3  # phys.hi (space and flags), phys.mid, phys.lo


@dataclass(frozen=True, slots=True)
class Device:
    """One node that answers at CPU physical addresses.

    `ranges` are (start, size) in the order of `reg`, then a PCI bridge's windows. `registers` names
    the register description (see vellum.devices.registers). `untraceable` says why accesses to it
    cannot be traced; empty for a device. `ram`: memory that a user asked for by name.
    """

    name: str
    path: str
    compatible: tuple[str, ...] = ()
    ranges: tuple[tuple[int, int], ...] = ()
    registers: str | None = None
    untraceable: str = ""
    enabled: bool = True
    ram: bool = False

    @property
    def base_name(self) -> str:
        """The node's name without its unit address."""
        return self.name.partition("@")[0]

    def range_of(self, address: int) -> int | None:
        """Index of the range that `address` lies in."""
        for index, (start, size) in enumerate(self.ranges):
            if start <= address < start + size:
                return index
        return None


@dataclass(frozen=True, slots=True)
class _Window:
    """One entry of a bus's `ranges`, composed up to the CPU: child address to CPU address."""

    child: int
    cpu: int
    size: int


@dataclass(frozen=True, slots=True)
class _Bus:
    """How the children of a node are addressed. `windows` None: the addresses are the CPU's."""

    address_cells: int
    size_cells: int
    windows: tuple[_Window, ...] | None

    def to_cpu(self, address: int, size: int) -> int | None:
        """CPU address of [address, address + size) on this bus; None when no window covers it."""
        if self.windows is None:
            return address
        for window in self.windows:
            if window.child <= address and address + size <= window.child + window.size:
                return window.cpu + (address - window.child)
        return None


def list_devices(dtb: bytes) -> list[Device]:
    """All nodes of the tree that have CPU physical addresses, sorted by address.

    Raises UsageError when `dtb` is not a whole, well-formed flattened device tree.
    """
    try:
        fdt = libfdt.FdtRo(_whole(dtb))
        devices = list(_walk(fdt, 0, "", _root_bus(fdt)))
    except (libfdt.FdtException, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"damaged device tree ({error}): check it with `dtc -I dtb`") from None
    return sorted(devices, key=lambda device: device.ranges[0])


def _whole(dtb: bytes) -> bytes:
    """`dtb` without what follows the tree. libfdt trusts the header's size, so check it first."""
    total = int.from_bytes(dtb[4:8], "big")
    if len(dtb) < FDT_HEADER_SIZE or int.from_bytes(dtb[:4], "big") != FDT_MAGIC:
        raise UsageError("not a device tree: give a .dtb file, as dtc or QEMU's dumpdtb write it")
    if not FDT_HEADER_SIZE <= total <= len(dtb):
        raise UsageError(f"truncated device tree: {len(dtb)} bytes of {total}")
    return dtb[:total]


def _root_bus(fdt: libfdt.FdtRo) -> _Bus:
    return _Bus(_cell(fdt, 0, "#address-cells", 2), _cell(fdt, 0, "#size-cells", 1), None)


def _walk(fdt: libfdt.FdtRo, node: int, path: str, bus: _Bus) -> Iterator[Device]:
    """Devices below `node`, whose children are addressed as `bus` says."""
    child = fdt.first_subnode(node, QUIET)
    while child >= 0:
        child_path = f"{path}/{fdt.get_name(child)}"
        device = _device(fdt, child, child_path, bus)
        if device is not None:
            yield device
        cells = (_cell(fdt, child, "#address-cells", 2), _cell(fdt, child, "#size-cells", 1))
        inner = _Bus(*cells, _windows(fdt, child, *cells, bus))
        yield from _walk(fdt, child, child_path, inner)
        child = fdt.next_subnode(child, QUIET)


def _device(fdt: libfdt.FdtRo, node: int, path: str, bus: _Bus) -> Device | None:
    """The node as a device, or None when it has no address that a CPU can reach."""
    compatible = _strings(fdt, node, "compatible")
    ranges = [*_reg(fdt, node, bus), *_pci_windows(fdt, node, bus)]
    if not ranges:
        return None
    return Device(
        name=fdt.get_name(node),
        path=path,
        compatible=compatible,
        ranges=tuple(ranges),
        registers=registers_for(compatible),
        untraceable=_untraceable(fdt, node, path),
        enabled=_strings(fdt, node, "status") in ((), ("okay",), ("ok",)),
    )


def _untraceable(fdt: libfdt.FdtRo, node: int, path: str) -> str:
    if _strings(fdt, node, "device_type") == ("memory",):
        return "RAM"
    return "reserved RAM" if path.startswith("/reserved-memory/") else ""


def _reg(fdt: libfdt.FdtRo, node: int, bus: _Bus) -> Iterator[tuple[int, int]]:
    """`reg` as CPU addresses; entries of no size (CPU numbers, I2C addresses) are left out."""
    for address, size in _entries(_property(fdt, node, "reg"), bus.address_cells, bus.size_cells):
        cpu = bus.to_cpu(address, size)
        if size and cpu is not None:
            yield cpu, size


def _pci_windows(fdt: libfdt.FdtRo, node: int, bus: _Bus) -> Iterator[tuple[int, int]]:
    """CPU side of a PCI host bridge's `ranges`."""
    if "pci" not in _strings(fdt, node, "device_type"):
        return
    widths = (PCI_CELLS, bus.address_cells, _cell(fdt, node, "#size-cells", 2))
    for _, address, size in _entries(_property(fdt, node, "ranges"), *widths):
        cpu = bus.to_cpu(address, size)
        if size and cpu is not None:
            yield cpu, size


def _windows(
    fdt: libfdt.FdtRo, node: int, address_cells: int, size_cells: int, parent: _Bus
) -> tuple[_Window, ...] | None:
    """What of the children of `node` the CPU sees: None is all, () is nothing."""
    if not fdt.hasprop(node, "ranges"):
        return ()
    data = _property(fdt, node, "ranges")
    if not data:  # one to one
        return parent.windows
    widths = (address_cells, parent.address_cells, size_cells)
    composed = (
        (child, parent.to_cpu(address, size), size)
        for child, address, size in _entries(data, *widths)
    )
    return tuple(_Window(child, cpu, size) for child, cpu, size in composed if cpu is not None)


def _entries(data: bytes, *widths: int) -> Iterator[tuple[int, ...]]:
    """Rows of big-endian numbers, each `width` cells of 4 bytes; a part of a row is left out."""
    length = 4 * sum(widths)
    for start in range(0, len(data) - length + 1 if length else 0, length or 1):
        row, position = [], start
        for width in widths:
            row.append(int.from_bytes(data[position : position + 4 * width], "big"))
            position += 4 * width
        yield tuple(row)


def _cell(fdt: libfdt.FdtRo, node: int, name: str, default: int) -> int:
    data = _property(fdt, node, name)
    return int.from_bytes(data[:4], "big") if len(data) >= 4 else default


def _strings(fdt: libfdt.FdtRo, node: int, name: str) -> tuple[str, ...]:
    data = _property(fdt, node, name)
    return tuple(data.rstrip(b"\0").decode().split("\0")) if data else ()


def _property(fdt: libfdt.FdtRo, node: int, name: str) -> bytes:
    """The property's bytes; empty when there is none."""
    value = fdt.getprop(node, name, QUIET)
    return b"" if isinstance(value, int) else bytes(value)
