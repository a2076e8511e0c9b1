"""Reads trace directories: the packets of each CPU's stream, the events of all CPUs in order.

What is damaged (a host killed in the middle of a write, a
disk gone bad) is skipped and reported in `Trace.damage`; every whole packet is found again, by the
magic number and the trace's UUID that each begins with.
"""

from __future__ import annotations

import mmap
import os
import re
import struct
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from vellum.errors import UsageError
from vellum.trace import events
from vellum.trace.decode import Block, Event, PacketEvents, decode_packets, event_offsets
from vellum.trace.events import Packet
from vellum.trace.merge import merge
from vellum.trace.writer import CPU_LIMIT, METADATA

HEADER_BITS = 8 * events.PACKET.size
TSDL_SIGNATURE = "/* CTF 1.8"
METADATA_LIMIT = 1 << 20  # bytes; ours has a few thousand
LARGEST_BLOCK = 1 << 16  # events decoded at a time, shared out among the CPUs
SMALLEST_BLOCK = 1 << 11
COUNTER_BITS = 32  # of CNTFRQ_EL0
FORGET = 1 << 24  # bytes of a file that are read before their pages are given back

Buffer = bytes | mmap.mmap


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
            event_offsets(header, packet.data)
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

    def blocks(
        self, cpus: Collection[int] | None = None, window: range | None = None
    ) -> Iterator[Block]:
        """Events of all CPUs, or of some, in order of time. UsageError: no such CPU.

        Packets that lie wholly outside of `window`, in ticks, are counted but not decoded.
        """
        wanted = sorted(self.streams if cpus is None else set(cpus))
        for cpu in wanted:
            if cpu not in self.streams:
                known = ", ".join(map(str, sorted(self.streams))) or "none"
                raise UsageError(f"no events of CPU {cpu} in {self.directory}: it has {known}")
        self.damage.clear()
        size = max(SMALLEST_BLOCK, LARGEST_BLOCK // max(1, len(wanted)))
        return merge([self._blocks_of(cpu, size, window) for cpu in wanted]) if wanted else iter(())

    def events(self, cpu: int | None = None) -> Iterator[Event]:
        """The same, each event by itself."""
        blocks = self.blocks(None if cpu is None else [cpu])
        return chain.from_iterable(block.events() for block in blocks)

    def begin(self) -> int | None:
        """When the first packet of any CPU began, in ticks; None: there is none."""
        found = [self._first(stream.path) for stream in self.streams.values()]
        return min((time for time in found if time is not None), default=None)

    def _blocks_of(self, cpu: int, size: int, window: range | None) -> Iterator[Block]:
        """Blocks of at least `size` events, but the last; counts packets in `streams`."""
        waiting: list[PacketEvents] = []
        count = 0
        for packet in self._packets(cpu, window):
            waiting.append(packet)
            count += len(packet.offsets)
            if count >= size:
                yield decode_packets(waiting)
                waiting, count = [], 0
        if waiting:
            yield decode_packets(waiting)

    def _packets(self, cpu: int, window: range | None) -> Iterator[PacketEvents]:
        stream = self.streams[cpu] = Stream(self.streams[cpu].path)
        name = stream.path.name
        with _mapped(stream.path) as data:
            kept = 0
            for offset, header, packet in read_packets(
                data, self.uuid, file=name, damage=self.damage
            ):
                if offset - kept >= FORGET and isinstance(data, mmap.mmap):
                    kept = offset // mmap.PAGESIZE * mmap.PAGESIZE
                    data.madvise(mmap.MADV_DONTNEED, 0, kept)
                inside = window is None or (
                    header.timestamp_begin < window.stop and header.timestamp_end >= window.start
                )
                try:
                    found = event_offsets(header, packet) if inside else []
                except ValueError as error:
                    self.damage.append(Damage(name, offset, len(packet), str(error)))
                    continue
                stream.count(header, len(packet))
                if found:
                    yield PacketEvents(header, packet, found)

    def _first(self, path: Path) -> int | None:
        with _mapped(path) as data:
            first = next(read_packets(data, self.uuid), None)
            return first.header.timestamp_begin if first else None


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
    if int(frequency[1]) >> COUNTER_BITS:
        raise UsageError(f"{path} is damaged: no counter is so fast; record the trace again")
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
