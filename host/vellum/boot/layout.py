"""Where kernel, device tree and initrd go in RAM. Pure arithmetic on ranges.

Linux, Documentation/arch/arm64/booting.rst: the image text_offset bytes above a 2 MiB boundary,
the device tree in a 2 MiB slot of its own, the initrd inside one 32 GiB window with the kernel.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from vellum.boot.image import Kernel
from vellum.errors import UsageError

__all__ = ["Layout", "Range", "plan", "subtract"]

MIB = 1 << 20
SLOT = 2 * MIB
INITRD_WINDOW = 32 << 30


@dataclass(frozen=True, order=True)
class Range:
    """Physical addresses [start, end)."""

    start: int
    end: int

    @property
    def size(self) -> int:
        """In bytes."""
        return self.end - self.start


@dataclass(frozen=True)
class Layout:
    """Physical addresses of what the guest is started with."""

    kernel: int  # of the image's first byte, which is its entry
    fdt: int
    initrd: Range | None


def subtract(ranges: Iterable[Range], hole: Range) -> list[Range]:
    """`ranges` without `hole`: those that it cuts become one or two smaller ones."""
    left: list[Range] = []
    for r in ranges:
        if hole.end <= r.start or r.end <= hole.start:
            left.append(r)
            continue
        pieces = (Range(r.start, hole.start), Range(hole.end, r.end))
        left += [piece for piece in pieces if piece.end > piece.start]
    return left


def plan(free: Iterable[Range], kernel: Kernel, initrd_size: int) -> Layout:
    """Places everything in `free` RAM, low addresses first. UsageError: it does not fit."""
    free = sorted(free)
    total = sum(r.size for r in free)
    base = _find(free, kernel.text_offset + kernel.memory_size)
    if base is None:
        raise UsageError(
            f"RAM is too small: {_mib(total)} are free for the guest, the kernel needs "
            f"{_mib(kernel.text_offset + kernel.memory_size)}. Give more by --mem"
        )
    free = subtract(free, Range(base, base + kernel.text_offset + kernel.memory_size))
    fdt = _find(free, SLOT)
    if fdt is None:
        raise UsageError(
            f"RAM is too small: {_mib(total)} are free for the guest, kernel and device tree "
            "fill it. Give more by --mem"
        )
    free = subtract(free, Range(fdt, fdt + SLOT))
    initrd = _place_initrd(free, base, initrd_size) if initrd_size else None
    return Layout(base + kernel.text_offset, fdt, initrd)


def _place_initrd(free: list[Range], base: int, size: int) -> Range:
    window_end = (base & ~((1 << 30) - 1)) + INITRD_WINDOW
    start = _find([r for r in free if r.start >= base], size)
    if start is None or start + size > window_end:
        room = max((r.size for r in free), default=0)
        raise UsageError(
            f"the initrd is too large for the RAM: {_mib(size)}, the largest free piece has "
            f"{_mib(room)}. Give more by --mem, or a smaller initrd"
        )
    return Range(start, start + size)


def _find(free: list[Range], size: int) -> int | None:
    """The lowest 2 MiB boundary with `size` free bytes above it."""
    for r in free:
        start = -(-r.start // SLOT) * SLOT
        if start + size <= r.end:
            return start
    return None


def _mib(size: int) -> str:
    return f"{size / MIB:.1f} MiB"
