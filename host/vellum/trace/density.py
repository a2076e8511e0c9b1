"""How many accesses when: counts by time, for each device and each CPU.

Only the counts are kept, so a trace of any length takes the same memory; it is read twice, first
for its span.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vellum.trace.decode import Block, Mask
from vellum.trace.events import EVENTS
from vellum.trace.kinds import HAS_ADDRESS, IS_READ, IS_WRITE
from vellum.trace.names import Names
from vellum.trace.source import Source

__all__ = ["OTHER", "READ", "WRITE", "Density", "Lane", "measure", "others"]

Counts = npt.NDArray[np.int64]
READ, WRITE, OTHER = range(3)


@dataclass(frozen=True, slots=True, eq=False)
class Lane:
    """One device, CPU or kind of event; `counts` by (read, write, other) and bin."""

    name: str
    counts: Counts

    @property
    def events(self) -> int:
        """All of them."""
        return int(self.counts.sum())


@dataclass(frozen=True, slots=True)
class Density:
    """Lanes over the time from `begin` to `end`, in nanoseconds since the guest's start."""

    begin: int
    end: int
    devices: tuple[Lane, ...]  # the most used first
    cpus: tuple[Lane, ...]


def measure(source: Source, bins: int) -> Density | None:
    """Counts what is wanted of a trace in so many equal parts of its span; None: no event."""
    span = _span(source)
    if span is None:
        return None
    begin, end = span
    devices = _Lanes(bins)
    cpus = _Lanes(bins)
    width = max(1, end - begin + 1)
    device_of = _device_of(source.names)
    for block in source.blocks():
        when = source.clock.nanoseconds(block.time) - begin
        # In floating point: nanoseconds times bins need more than 64 bits.
        at = np.clip((when * (bins / width)).astype(np.int64), 0, bins - 1)
        way = np.where(IS_READ[block.type], READ, np.where(IS_WRITE[block.type], WRITE, OTHER))
        place = way * bins + at
        for key, mask in _parts(block, device_of):
            devices.count(key, place[mask])
        for cpu in np.unique(block.cpu).tolist():
            cpus.count(f"cpu{cpu}", place[block.cpu == cpu])
    by_use = sorted(devices.lanes(), key=lambda lane: (-lane.events, lane.name))
    by_number = sorted(cpus.lanes(), key=lambda lane: int(lane.name.removeprefix("cpu")))
    return Density(begin, end, tuple(by_use), tuple(by_number))


class _Lanes:
    def __init__(self, bins: int) -> None:
        self._bins = bins
        self._counts: dict[str, Counts] = {}

    def count(self, name: str, places: Counts) -> None:
        size = 3 * self._bins
        counts = self._counts.setdefault(name, np.zeros(size, np.int64))
        counts += np.bincount(places, minlength=size)

    def lanes(self) -> Iterable[Lane]:
        for name, counts in self._counts.items():
            yield Lane(name, counts.reshape(3, self._bins))


def _span(source: Source) -> tuple[int, int] | None:
    ends: list[int] = []
    for block in source.blocks():
        times = source.clock.nanoseconds(block.time)
        ends = [min([*ends, int(times.min())]), max([*ends, int(times.max())])]
    return (ends[0], ends[1]) if ends else None


def _device_of(names: Names) -> Callable[[int], str]:
    known: dict[int, str] = {}

    def find(address: int) -> str:
        if address not in known:
            known[address] = names.place(address, False).device
        return known[address]

    return find


def _parts(block: Block, device_of: Callable[[int], str]) -> Iterable[tuple[str, Mask]]:
    """The events of each device; events without an address by their kind."""
    located = HAS_ADDRESS[block.type]
    found, inverse = np.unique(block.field("addr"), return_inverse=True)
    owners = [device_of(address) for address in found.tolist()]
    order = sorted(set(owners))
    owner = np.array([order.index(name) for name in owners])[inverse]
    for index, name in enumerate(order):
        mask = located & (owner == index)
        if mask.any():
            yield name, mask
    for type_id in np.unique(block.type[~located]).tolist():
        yield EVENTS[type_id].name, block.type == type_id


def others(lanes: Iterable[Lane], most: int) -> list[Lane]:
    """At most so many lanes; the least used in one."""
    kept = list(lanes)
    if len(kept) <= most:
        return kept
    rest = kept[most - 1 :]
    total = np.sum([lane.counts for lane in rest], axis=0)
    return [*kept[: most - 1], Lane(f"{len(rest)} others", total)]
