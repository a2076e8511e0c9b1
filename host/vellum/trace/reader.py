"""Reads trace directories: packets of a stream, events of a packet, events of all CPUs in order.

Decoding is pure: from bytes to tuples. What is damaged (a host killed in the middle of a write, a
disk gone bad) is skipped and reported in `Trace.damage`; every whole packet is found again, by the
magic number and the trace's UUID that each begins with.
"""

from __future__ import annotations

import heapq
import mmap
import os
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from vellum.errors import UsageError
from vellum.trace import events
from vellum.trace.events import EventType, Packet
from vellum.trace.writer import CPU_LIMIT, METADATA

HEADER_BITS = 8 * events.PACKET.size
TIMESTAMP_MASK = (1 << events.TIMESTAMP_BITS) - 1
ID_MASK = (1 << events.ID_BITS) - 1
TSDL_SIGNATURE = "/* CTF 1.8"
METADATA_LIMIT = 1 << 20  # bytes; ours has a few thousand

Buffer = bytes | mmap.mmap


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


class PacketAt(NamedTuple):
    """A whole packet of a stream: where in the file, its header, and its bytes."""

    offset: int
    header: Packet
    data: bytes


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes of a file that are in no whole packet, and why."""

    file: str
    offset: int
    size: int
    reason: str

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.file}: {self.size:,} bytes at {self.offset:#x} skipped: {self.reason}"


def _layouts() -> list[struct.Struct | None]:
    """By event id: header word and fields in one; None where there is no such event."""
    layouts: list[struct.Struct | None] = [None] * (ID_MASK + 1)
    for event in events.EVENTS:
        layouts[event.id] = struct.Struct("<I" + event.layout.format.removeprefix("<"))
    return layouts


_UNPACK = [layout.unpack_from if layout else None for layout in _layouts()]
_SIZE = [layout.size if layout else 0 for layout in _layouts()]


def decode_packet(header: Packet, data: bytes) -> list[Event]:
    """The events of a whole packet, timestamps extended to 64 bits.

    Raises ValueError when the bytes do not hold the events that the header promises.
    """
    time, cpu = header.timestamp_begin, header.cpu_id
    position = events.PACKET.size
    shift, mask, new = events.ID_BITS, TIMESTAMP_MASK, tuple.__new__
    found: list[Event] = []
    append = found.append
    try:
        for _ in range(header.event_count):
            type_id = data[position] & ID_MASK
            unpack = _UNPACK[type_id]
            if unpack is None:
                raise ValueError(f"no event has the id {type_id}")
            values = unpack(data, position)
            position += _SIZE[type_id]
            time += ((values[0] >> shift) - time) & mask
            append(new(Event, (time, cpu, type_id, values)))
    except (IndexError, struct.error):
        raise ValueError("the packet ends within an event") from None
    if position != len(data):
        raise ValueError(f"{len(data) - position} bytes behind the last event")
    return found


def read_packets(
    data: Buffer, uuid: UUID, *, file: str = "", damage: list[Damage] | None = None
) -> Iterator[PacketAt]:
    """The whole packets of one stream, in order; what lies between them is put into `damage`."""
    start_mark = struct.pack("<I", events.MAGIC) + uuid.bytes
    position = 0
    while position < len(data):
        packet = _whole_packet(data, position, start_mark)
        if isinstance(packet, PacketAt):
            yield packet
            position += len(packet.data)
            continue
        following = data.find(start_mark, position + 1)
        end = following if following >= 0 else len(data)
        if damage is not None:
            damage.append(Damage(file, position, end - position, packet))
        position = end


def _whole_packet(data: Buffer, position: int, start_mark: bytes) -> PacketAt | str:
    """The packet at `position`, or why there is none."""
    head = data[position : position + events.PACKET.size]
    if len(head) < events.PACKET.size:
        return "the file ends within a packet's header"
    header = Packet.unpack(head)
    if not head.startswith(start_mark):
        return "no packet of this trace"
    if (
        header.stream_id != events.STREAM_ID
        or header.content_size != header.packet_size
        or header.packet_size < HEADER_BITS
        or header.packet_size % 8
        or header.cpu_id >= CPU_LIMIT
        or header.timestamp_end < header.timestamp_begin
    ):
        return "a packet's header is damaged"
    end = position + header.packet_size // 8
    if end > len(data):
        return "the file ends within a packet"
    packet = PacketAt(position, header, data[position:end])
    if end < len(data) and data[end : end + len(start_mark)] != start_mark:
        # Either this packet's size is wrong, or what follows is damaged: the events tell.
        try:
            decode_packet(header, packet.data)
        except ValueError as error:
            return str(error)
    return packet


@dataclass(slots=True)
class Stream:
    """The packets of one CPU, as read so far."""

    path: Path
    packets: int = 0
    bytes: int = 0  # of whole packets
    missing: int = 0  # packets that never came, by their sequence numbers
    discarded: int = 0  # events that EL2 dropped
    next_sequence: int = 0

    def count(self, header: Packet, size: int) -> None:
        """Takes note of a packet."""
        self.packets += 1
        self.bytes += size
        self.missing += max(0, header.packet_seq_num - self.next_sequence)
        self.next_sequence = max(self.next_sequence, header.packet_seq_num + 1)
        self.discarded = max(self.discarded, header.events_discarded)


@dataclass
class Trace:
    """A trace directory. `streams` and `damage` fill as events are read."""

    directory: Path
    uuid: UUID
    counter_hz: int
    streams: dict[int, Stream]  # by CPU
    damage: list[Damage] = field(default_factory=list)

    def batches(self, cpu: int) -> Iterator[tuple[Packet, list[Event]]]:
        """Packets of one CPU with their events, in order; counts them in `streams`."""
        stream = self.streams[cpu] = Stream(self.streams[cpu].path)
        name = stream.path.name
        with _mapped(stream.path) as data:
            for offset, header, packet in read_packets(
                data, self.uuid, file=name, damage=self.damage
            ):
                try:
                    found = decode_packet(header, packet)
                except ValueError as error:
                    self.damage.append(Damage(name, offset, len(packet), str(error)))
                    continue
                stream.count(header, len(packet))
                yield header, found

    def events(self, cpu: int | None = None) -> Iterator[Event]:
        """Events of all CPUs, or of one, in order of time. UsageError: no such CPU."""
        if cpu is not None and cpu not in self.streams:
            known = ", ".join(map(str, sorted(self.streams))) or "none"
            raise UsageError(f"no events of CPU {cpu} in {self.directory}: it has {known}")
        self.damage.clear()
        wanted = [cpu] if cpu is not None else sorted(self.streams)
        return heapq.merge(*(self._events_of(one) for one in wanted))

    def _events_of(self, cpu: int) -> Iterator[Event]:
        for _, found in self.batches(cpu):
            yield from found


def open_trace(directory: Path) -> Trace:
    """A trace for reading. UsageError: there is none, or its metadata are not ours."""
    path = directory / METADATA
    if not directory.is_dir():
        raise UsageError(f"no trace folder {directory}: give the folder that `vellum run -o` wrote")
    try:
        with path.open("rb") as file:
            text = file.read(METADATA_LIMIT).decode(errors="replace")
        streams = {
            int(match[1]): Stream(entry)
            for entry in directory.iterdir()
            if (match := re.fullmatch(r"cpu(\d{1,4})", entry.name)) and entry.is_file()
        }
    except FileNotFoundError:
        raise UsageError(f"{directory} is not a trace: it has no `{METADATA}`") from None
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    uuid = re.search(r'\buuid\s*=\s*"([0-9a-fA-F-]{36})"', text)
    frequency = re.search(r"\bfreq\s*=\s*([1-9]\d{0,18})\b", text)
    if not uuid or not frequency or not text.startswith(TSDL_SIGNATURE):
        raise UsageError(f"{path} is not of a trace by Vellum: record the trace again")
    try:
        return Trace(directory, UUID(uuid[1]), int(frequency[1]), streams)
    except ValueError:
        raise UsageError(f"{path} is damaged: its uuid is none; record the trace again") from None


@contextmanager
def _mapped(path: Path) -> Iterator[Buffer]:
    """The file's bytes. They are mapped, so that a trace may be larger than memory."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size == 0:  # cannot be mapped
                yield b""
                return
            with mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) as data:
                yield data
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
