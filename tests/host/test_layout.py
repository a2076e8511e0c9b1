"""Placing a guest in RAM."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vellum.boot.image import Kernel
from vellum.boot.layout import INITRD_WINDOW, SLOT, Range, plan, subtract
from vellum.errors import UsageError

MIB = 1 << 20
BASE = 0x40000000


def kernel(size: int, text_offset: int = 0) -> Kernel:
    return Kernel(b"", text_offset, size, 4096)


ranges = st.builds(lambda a, s: Range(a, a + s), st.integers(0, 200), st.integers(1, 60))


@given(st.lists(ranges, max_size=4), ranges)
def test_subtract_leaves_all_but_the_hole(before: list[Range], hole: Range) -> None:
    after = subtract(before, hole)
    for address in range(300):
        inside = any(r.start <= address < r.end for r in before)
        kept = inside and not hole.start <= address < hole.end
        assert kept == any(r.start <= address < r.end for r in after)
    assert all(r.size > 0 for r in after)


@given(
    st.integers(1, 40 * MIB),
    st.sampled_from([0, 0x80000]),
    st.integers(0, 60 * MIB),
    st.integers(0, 3 * MIB),
    st.integers(16 * MIB, 256 * MIB),
)
@settings(max_examples=200)
def test_what_is_placed_fits_and_does_not_overlap(
    size: int, offset: int, initrd: int, shift: int, ram: int
) -> None:
    free = [Range(BASE + shift, BASE + shift + ram)]
    try:
        layout = plan(free, kernel(size, offset), initrd)
    except UsageError as error:
        assert size + offset + initrd + 4 * SLOT > ram - SLOT
        assert "--mem" in str(error) and "\n" not in str(error)
        return
    assert layout.kernel % SLOT == offset and layout.fdt % SLOT == 0
    pieces = [Range(layout.kernel, layout.kernel + size), Range(layout.fdt, layout.fdt + SLOT)]
    pieces += [layout.initrd] if layout.initrd else []
    assert (layout.initrd.size if layout.initrd else 0) == initrd
    for piece in pieces:
        assert free[0].start <= piece.start and piece.end <= free[0].end
    ordered = sorted(pieces)
    assert all(a.end <= b.start for a, b in pairwise(ordered))


def test_the_lowest_bank_with_room_is_taken() -> None:
    free = [Range(BASE, BASE + MIB), Range(0x80000000, 0x80000000 + 64 * MIB)]
    assert plan(free, kernel(8 * MIB), 0).kernel == 0x80000000


def test_an_initrd_outside_of_the_kernels_window_is_refused() -> None:
    far = BASE + INITRD_WINDOW
    free = [Range(BASE, BASE + 16 * MIB), Range(far, far + 64 * MIB)]
    with pytest.raises(UsageError, match="initrd is too large"):
        plan(free, kernel(8 * MIB), 32 * MIB)


def test_too_little_ram_says_how_much_is_needed() -> None:
    with pytest.raises(UsageError, match=r"RAM is too small: 8\.0 MiB .* kernel needs 30\.0 MiB"):
        plan([Range(BASE, BASE + 8 * MIB)], kernel(30 * MIB), 0)
    with pytest.raises(UsageError, match="kernel and device tree fill it"):
        plan([Range(BASE, BASE + 8 * MIB)], kernel(8 * MIB), 0)
    with pytest.raises(UsageError, match=r"initrd is too large .* 9\.0 MiB"):
        plan([Range(BASE, BASE + 16 * MIB)], kernel(8 * MIB), 9 * MIB)
