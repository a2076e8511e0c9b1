"""From packets to events: arrays of many events at a time, or one tuple for each.

Decoding is pure: from bytes to a Block. Only the walk from event to event is done one by one, as
each one's size depends on its id; all else is numpy's, which is what makes ten million events a
matter of seconds.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from vellum.trace import events
from vellum.trace.events import EventType, Packet

__all__ = [
    "Array",
    "Block",
    "Event",
    "Mask",
    "PacketEvents",
    "concatenate",
    "decode_packet",
    "decode_packets",
    "event_offsets",
]

Array = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]
Offsets = npt.NDArray[np.int64]

TIMESTAMP_MASK = np.uint64((1 << events.TIMESTAMP_BITS) - 1)
ID_MASK = (1 << events.ID_BITS) - 1
HEADER_SIZE = 4  # of an event: id and timestamp


class Event(NamedTuple):
    """One event. `time` is CNTVCT_EL0, all 64 bits; `values` are the header word, then the fields.

    Events compare by time, then by CPU, which is the order of a whole trace.
    """

    time: int
    cpu: int
    type_id: int
    values: tuple[int, ...]

    @property
    def type(self) -> EventType:
        """What kind of event it is."""
        return events.EVENTS[self.type_id]

    @property
    def fields(self) -> dict[str, int]:
        """The fields by name."""
        return dict(zip(self.type.fields, self.values[1:], strict=True))


def _layouts() -> list[struct.Struct | None]:
    """By event id: header word and fields in one; None where there is no such event."""
    layouts: list[struct.Struct | None] = [None] * (ID_MASK + 1)
    for event in events.EVENTS:
        layouts[event.id] = struct.Struct("<I" + event.layout.format.removeprefix("<"))
    return layouts


_LAYOUTS = _layouts()
_SIZES = [layout.size if layout else 0 for layout in _LAYOUTS]
# From the first byte of an event, which has the id in its low bits, to its size; 0: no such event.
_STEPS = bytes(_SIZES[byte & ID_MASK] for byte in range(256))
_SMALLEST = min(size for size in _SIZES if size)
_TAIL = max(_SIZES) + 8  # from an event's first byte to where no read of a field of it goes


def _field_tables() -> dict[str, tuple[Offsets, Array]]:
    """By field: for each event id where it begins (0: it has none), and the mask of its bits."""
    tables: dict[str, tuple[Offsets, Array]] = {}
    for event in events.EVENTS:
        position = HEADER_SIZE
        for name, code in zip(event.fields, event.layout.format.removeprefix("<"), strict=True):
            size = struct.calcsize(f"<{code}")
            empty = np.zeros(ID_MASK + 1, np.int64), np.zeros(ID_MASK + 1, np.uint64)
            starts, masks = tables.setdefault(name, empty)
            starts[event.id], masks[event.id] = position, (1 << 8 * size) - 1
            position += size
    return tables


_FIELDS = _field_tables()


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Events in order, as arrays of one length. `time` is CNTVCT_EL0; `at` where each is in `data`.

    Behind the last event `data` has some bytes more, so that a field may be read as eight bytes.
    """

    time: Array
    cpu: npt.NDArray[np.uint16]
    type: npt.NDArray[np.uint8]
    at: Offsets
    data: bytes

    def __len__(self) -> int:
        """How many events."""
        return len(self.time)

    def field(self, name: str) -> Array:
        """A field of every event; zero where an event has none of that name."""
        starts, masks = _FIELDS[name]
        return _gather(self.data, self.at + starts[self.type], "<u8") & masks[self.type]

    def where(self, mask: Mask) -> Block:
        """The events that `mask` is true for."""
        if mask.all():
            return self
        return Block(self.time[mask], self.cpu[mask], self.type[mask], self.at[mask], self.data)

    def part(self, start: int, stop: int) -> Block:
        """Events [start, stop) of a block whose events lie in `data` in their order."""
        cut = slice(start, stop)
        if start >= stop:
            return Block(self.time[cut], self.cpu[cut], self.type[cut], self.at[cut], b"")
        begin = int(self.at[start])
        end = int(self.at[stop - 1]) + _TAIL
        at = self.at[cut] - begin
        return Block(self.time[cut], self.cpu[cut], self.type[cut], at, self.data[begin:end])

    def sorted(self, order: Offsets | slice) -> Block:
        """Events by their indices, in that order."""
        return Block(self.time[order], self.cpu[order], self.type[order], self.at[order], self.data)

    def events(self) -> Iterator[Event]:
        """Each event by itself."""
        data, new = self.data, tuple.__new__
        unpack = [layout.unpack_from if layout else None for layout in _LAYOUTS]
        columns = (self.time.tolist(), self.cpu.tolist(), self.type.tolist(), self.at.tolist())
        for time, cpu, type_id, at in zip(*columns, strict=True):
            decode = unpack[type_id]
            assert decode is not None  # event_offsets refuses such a packet
            yield new(Event, (time, cpu, type_id, decode(data, at)))


class PacketEvents(NamedTuple):
    """A packet and where its events begin."""

    header: Packet
    data: bytes
    offsets: list[int]


def event_offsets(header: Packet, data: bytes) -> list[int]:
    """Where each event of a whole packet begins.

    Raises ValueError when the bytes do not hold the events that the header promises.
    """
    position = events.PACKET.size
    if header.event_count > len(data) // _SMALLEST:
        raise ValueError("the packet ends within an event")
    steps = data.translate(_STEPS)
    found: list[int] = []
    append = found.append
    try:
        for _ in range(header.event_count):
            append(position)
            position += steps[position]
    except IndexError:
        raise ValueError("the packet ends within an event") from None
    if position < len(data) and found and not steps[position]:
        raise ValueError(f"no event has the id {data[position] & ID_MASK}")
    if position > len(data):
        raise ValueError("the packet ends within an event")
    if position < len(data):
        raise ValueError(f"{len(data) - position} bytes behind the last event")
    return found


def decode_packets(packets: Sequence[PacketEvents]) -> Block:
    """The events of some packets of one CPU, in order, timestamps extended to 64 bits."""
    counts = [len(packet.offsets) for packet in packets]
    starts = np.cumsum([0, *(len(packet.data) for packet in packets[:-1])])
    data = b"".join([*(packet.data for packet in packets), bytes(_TAIL)])
    at = np.concatenate([np.array(packet.offsets, np.int64) for packet in packets])
    at += np.repeat(starts, counts)
    head = _gather(data, at, "<u4")
    cpu = [packet.header.cpu_id for packet in packets]
    return Block(
        _times(packets, counts, head >> np.uint64(events.ID_BITS)),
        np.repeat(np.array(cpu, np.uint16), counts),
        (head & np.uint64(ID_MASK)).astype(np.uint8),
        at,
        data,
    )


def decode_packet(header: Packet, data: bytes) -> list[Event]:
    """The events of one whole packet. ValueError: it does not hold what its header promises."""
    return list(decode_packets([PacketEvents(header, data, event_offsets(header, data))]).events())


def concatenate(blocks: Sequence[Block]) -> Block:
    """All events of some blocks; at least one block."""
    if len(blocks) == 1:
        return blocks[0]
    starts = np.cumsum([0, *(len(block.data) for block in blocks[:-1])])
    return Block(
        np.concatenate([block.time for block in blocks]),
        np.concatenate([block.cpu for block in blocks]),
        np.concatenate([block.type for block in blocks]),
        np.concatenate([block.at + start for block, start in zip(blocks, starts, strict=True)]),
        b"".join(block.data for block in blocks),
    )


def _times(packets: Sequence[PacketEvents], counts: Sequence[int], stamps: Array) -> Array:
    """Low bits to whole times: within a packet, each event is less than 2^27 ticks after another.

    The first one of a packet is so after the packet's own begin.
    """
    begins = np.array([packet.header.timestamp_begin for packet in packets], np.uint64)
    ends = np.cumsum(counts)
    filled = np.array(counts) > 0
    first = (ends - counts)[filled]
    before = np.empty_like(stamps)
    before[1:] = stamps[:-1]
    before[first] = begins[filled]
    total = np.cumsum((stamps - before) & TIMESTAMP_MASK, dtype=np.uint64)
    base = np.zeros(len(first), np.uint64)
    base[1:] = total[first[1:] - 1]
    times: Array = total + np.repeat(begins[filled] - base, np.array(counts)[filled])
    return times


def _gather(data: bytes, at: Offsets, kind: str) -> Array:
    """The integers of `kind` that begin at each of `at`, at any alignment."""
    if not len(at):
        return np.zeros(0, np.uint64)
    size = np.dtype(kind).itemsize
    view = np.ndarray((len(data) - size + 1,), kind, data, strides=(1,))
    return view[at].astype(np.uint64)
