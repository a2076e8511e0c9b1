"""The machine's device tree, and the guest's: the same but for what Vellum keeps.

Changed: /memory loses Vellum's RAM, the device that carries the link goes (or, when that is the
PL011, gets the interrupt of Vellum's model of it), /chosen has the guest's boot arguments.
Nothing else: a guest finds the machine as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from struct import pack

import libfdt

from vellum.boot.layout import Range, subtract
from vellum.errors import VellumError

__all__ = ["GuestOptions", "VellumParts", "edit_fdt", "free_ram"]

MAX_SIZE = 2 << 20  # booting.rst, section 2
_ROOM = 8192  # for what is added, bytes; strings are on top of it
_SPI, _LEVEL_HIGH = 0, 4  # first and third cell of an interrupt specifier of arm,gic-v3
_RANDOM = ("kaslr-seed", "rng-seed")


@dataclass(frozen=True)
class VellumParts:
    """What of the machine is Vellum's."""

    ram: Range
    link_base: int  # of the device that carries the link
    console_intid: int  # of the model that the guest has in place of its PL011; 0: it has its own


@dataclass(frozen=True)
class GuestOptions:
    """What the guest is told in /chosen."""

    append: str | None = None
    initrd: Range | None = None
    random: bool = True  # False: no seeds, so that runs repeat


def free_ram(blob: bytes, vellum: Range) -> list[Range]:
    """RAM that the guest may be loaded into: not Vellum's, not reserved."""
    fdt = _open(blob)
    ram = [r for node in _memory_nodes(fdt) for r in _reg(fdt, node)]
    for taken in (vellum, *_reserved(fdt)):
        ram = subtract(ram, taken)
    return sorted(ram)


def edit_fdt(blob: bytes, vellum: VellumParts, guest: GuestOptions) -> bytes:
    """The guest's device tree, from the machine's."""
    fdt = _open(blob)
    fdt.resize(fdt.totalsize() + _ROOM + len((guest.append or "").encode()))
    _shrink_memory(fdt, vellum.ram)
    _take_link(fdt, vellum)
    _choose(fdt, guest)
    fdt.pack()
    if fdt.totalsize() > MAX_SIZE:
        raise VellumError(f"the guest's device tree has {fdt.totalsize()} bytes, above {MAX_SIZE}")
    return bytes(fdt.as_bytearray()[: fdt.totalsize()])


def _open(blob: bytes) -> libfdt.Fdt:
    try:
        return libfdt.Fdt(blob)
    except libfdt.FdtException as error:
        raise VellumError(f"the machine's device tree is broken: {error}") from None


def _nodes(fdt: libfdt.Fdt, parent: int = 0) -> Iterator[int]:
    """Offsets of all nodes below `parent`; do not change the tree on the way."""
    node = fdt.first_subnode(parent, libfdt.QUIET_NOTFOUND)
    while node >= 0:
        yield node
        yield from _nodes(fdt, node)
        node = fdt.next_subnode(node, libfdt.QUIET_NOTFOUND)


def _memory_nodes(fdt: libfdt.Fdt) -> list[int]:
    return [n for n in _nodes(fdt) if _get(fdt, n, "device_type") == b"memory\0"]


def _reserved(fdt: libfdt.Fdt) -> Iterator[Range]:
    for index in range(fdt.num_mem_rsv()):
        start, size = fdt.get_mem_rsv(index)
        yield Range(start, start + size)
    parent = fdt.path_offset("/reserved-memory", libfdt.QUIET_NOTFOUND)
    if parent >= 0:
        for node in _nodes(fdt, parent):
            yield from _reg(fdt, node)


def _get(fdt: libfdt.Fdt, node: int, name: str) -> bytes:
    """A property's bytes; empty when there is none."""
    value = fdt.getprop(node, name, libfdt.QUIET_NOTFOUND)
    return bytes(value) if isinstance(value, libfdt.Property) else b""


def _cells(fdt: libfdt.Fdt, node: int) -> tuple[int, int]:
    """How many 4-byte cells an address and a size have in `node`'s reg."""
    parent = fdt.parent_offset(node)
    address, size = (_get(fdt, parent, f"#{name}-cells") for name in ("address", "size"))
    return int.from_bytes(address or b"\2", "big"), int.from_bytes(size or b"\1", "big")


def _reg(fdt: libfdt.Fdt, node: int) -> list[Range]:
    address_cells, size_cells = _cells(fdt, node)
    data = _get(fdt, node, "reg")
    step = 4 * (address_cells + size_cells)
    result = []
    for position in range(0, len(data) - step + 1, step):
        middle = position + 4 * address_cells
        start = int.from_bytes(data[position:middle], "big")
        size = int.from_bytes(data[middle : position + step], "big")
        result.append(Range(start, start + size))
    return result


def _shrink_memory(fdt: libfdt.Fdt, vellum: Range) -> None:
    """From the last node to the first, so that offsets of those to come stay true."""
    for node in reversed(_memory_nodes(fdt)):
        before = _reg(fdt, node)
        after = subtract(before, vellum)
        if after == before:
            continue
        if not after:
            fdt.del_node(node)
            continue
        address_cells, size_cells = _cells(fdt, node)
        reg = b"".join(
            r.start.to_bytes(4 * address_cells, "big") + r.size.to_bytes(4 * size_cells, "big")
            for r in after
        )
        fdt.setprop(node, "reg", reg)


def _take_link(fdt: libfdt.Fdt, vellum: VellumParts) -> None:
    for node in _nodes(fdt):
        if not any(r.start == vellum.link_base for r in _reg(fdt, node)):
            continue
        compatible = _get(fdt, node, "compatible").split(b"\0")
        if b"arm,pl011" in compatible and vellum.console_intid:
            spi = pack(">III", _SPI, vellum.console_intid - 32, _LEVEL_HIGH)
            fdt.setprop(node, "interrupts", spi)
            return
        if b"virtio,mmio" in compatible:
            fdt.del_node(node)
            return
    raise VellumError(f"the device tree has no link device at {vellum.link_base:#x}")


def _choose(fdt: libfdt.Fdt, guest: GuestOptions) -> None:
    node = fdt.path_offset("/chosen", libfdt.QUIET_NOTFOUND)
    if node < 0:
        node = fdt.add_subnode(0, "chosen")
    stale = ["bootargs", "linux,initrd-start", "linux,initrd-end"]
    for name in [*stale, *(() if guest.random else _RANDOM)]:
        if fdt.hasprop(node, name):
            fdt.delprop(node, name)
    if guest.append is not None:
        fdt.setprop_str(node, "bootargs", guest.append)
    if guest.initrd:
        fdt.setprop_u64(node, "linux,initrd-start", guest.initrd.start)
        fdt.setprop_u64(node, "linux,initrd-end", guest.initrd.end)
