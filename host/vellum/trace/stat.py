"""Sums a trace up: how many events of what, where, and whether any are lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vellum.trace.decode import Block
from vellum.trace.events import EVENTS
from vellum.trace.kinds import ACCESS
from vellum.trace.names import Names, Place
from vellum.trace.reader import Damage
from vellum.trace.source import Source, open_source

Counts = Mapping[tuple[int, int], int]  # events by (type id, address)


@dataclass(frozen=True, slots=True)
class RegisterStat:
    """Accesses to a register, or to all of an array (`<n>`); `other`: stepped or aborted ones."""

    name: str
    reads: int
    writes: int
    other: int


@dataclass(frozen=True, slots=True)
class DeviceStat:
    """Accesses to one device; its registers, the most used first."""

    name: str
    reads: int
    writes: int
    other: int
    registers: tuple[RegisterStat, ...]

    @property
    def events(self) -> int:
        """All of them."""
        return self.reads + self.writes + self.other


@dataclass(frozen=True, slots=True)
class CpuStat:
    """One stream. `discarded`: events EL2 dropped; `missing`: packets that never came."""

    cpu: int
    events: int
    packets: int
    bytes: int
    discarded: int
    missing: int


@dataclass(frozen=True, slots=True)
class Stat:
    """A whole trace, or the events of it that are wanted (`filtered`); bytes are of all of it.

    Times in ticks of the counter; `begin` None: no event.
    """

    directory: Path
    counter_hz: int
    begin: int | None
    end: int | None
    types: Mapping[str, int]
    devices: tuple[DeviceStat, ...]
    cpus: tuple[CpuStat, ...]
    damage: tuple[Damage, ...]
    filtered: bool = False

    @property
    def events(self) -> int:
        """All events."""
        return sum(cpu.events for cpu in self.cpus)

    @property
    def bytes(self) -> int:
        """Of all packets, their headers included."""
        return sum(cpu.bytes for cpu in self.cpus)

    @property
    def bytes_per_event(self) -> float | None:
        """Headers of packets included; None: no event, or not all of them counted."""
        return self.bytes / self.events if self.events and not self.filtered else None

    @property
    def seconds(self) -> float:
        """From the first event to the last."""
        if self.begin is None or self.end is None:
            return 0.0
        return (self.end - self.begin) / self.counter_hz

    @property
    def discarded(self) -> int:
        """Events that EL2 dropped, by its own count."""
        return sum(cpu.discarded for cpu in self.cpus)

    @property
    def missing(self) -> int:
        """Packets that never came, by their sequence numbers."""
        return sum(cpu.missing for cpu in self.cpus)


def summarize(directory: Path) -> Stat:
    """Reads all of a trace. UsageError: it is none."""
    return summarize_source(open_source(directory))


def summarize_source(source: Source) -> Stat:
    """Reads what is wanted of a trace, CPU by CPU: the order of them all does not matter."""
    counts: Counter[tuple[int, int]] = Counter()
    cpus: list[CpuStat] = []
    span: list[int] = []
    damage: list[Damage] = []
    trace, wanted = source.trace, source.filter
    for cpu in wanted.cpus or sorted(trace.streams):
        events = 0
        for block in trace.blocks([cpu], wanted.window):
            kept = wanted.keep(block)
            if len(kept):
                _count(kept, counts)
                events += len(kept)
                span += [int(kept.time[0]), int(kept.time[-1])]
                span = [min(span), max(span)]
        damage += trace.damage
        stream = trace.streams[cpu]
        cpus.append(
            CpuStat(cpu, events, stream.packets, stream.bytes, stream.discarded, stream.missing)
        )
    return Stat(
        directory=trace.directory,
        counter_hz=trace.counter_hz,
        begin=min(span, default=None),
        end=max(span, default=None),
        types=_by_type(counts),
        devices=_by_device(counts, source.names),
        cpus=tuple(cpus),
        damage=tuple(damage),
        filtered=bool(wanted),
    )


def _count(block: Block, counts: Counter[tuple[int, int]]) -> None:
    """Adds the events of a block, by type and address; without one, by type alone."""
    addresses = block.field("addr")
    for type_id in np.unique(block.type).tolist():
        found, numbers = np.unique(addresses[block.type == type_id], return_counts=True)
        for address, number in zip(found.tolist(), numbers.tolist(), strict=True):
            counts[type_id, address] += number


def _by_type(counts: Counts) -> dict[str, int]:
    types: Counter[str] = Counter()
    for (type_id, _), count in counts.items():
        types[EVENTS[type_id].name] += count
    return dict(types.most_common())


def _by_device(counts: Counts, names: Names) -> tuple[DeviceStat, ...]:
    """Of events that have an address."""
    devices: dict[str, dict[str, list[int]]] = {}
    for (type_id, address), count in counts.items():
        event = EVENTS[type_id]
        if "addr" not in event.fields:
            continue
        access = ACCESS[type_id]
        kind = 2 if access is None else int(access[1])
        place: Place = names.place(address, kind == 1)
        registers = devices.setdefault(place.device, {})
        registers.setdefault(place.kind, [0, 0, 0])[kind] += count
    stats = [_device(name, registers) for name, registers in devices.items()]
    return tuple(sorted(stats, key=lambda device: (-device.events, device.name)))


def _device(name: str, registers: Mapping[str, list[int]]) -> DeviceStat:
    rows = [RegisterStat(register, *counts) for register, counts in registers.items()]
    rows.sort(key=lambda one: (-one.reads - one.writes - one.other, one.name))
    reads, writes, other = (sum(column) for column in zip(*registers.values(), strict=True))
    return DeviceStat(name, reads, writes, other, tuple(rows))
