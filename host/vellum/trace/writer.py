"""Writes a trace directory: `metadata` once at the start, then whole packets, a file for each CPU.

The packets are kept as Vellum sent them, so that any reader of CTF 1.8 can read the directory, and
they are handed to the kernel whole and many at a time: killed at any moment, the host leaves a
readable trace.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from itertools import accumulate, takewhile
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self
from uuid import UUID

from vellum.errors import LinkError, UsageError
from vellum.trace import events

METADATA = "metadata"
CPU_LIMIT = 4096  # beyond it a packet is nonsense, not a machine
FLUSH_BYTES = 1 << 20
MOST_PACKETS = 512  # in one writev; Linux takes 1024 (UIO_MAXIOV)


class TraceWriteError(UsageError):
    """The trace cannot go on: the disk is full, or gone. The user did nothing wrong."""

    exit_status = 1


@dataclass(frozen=True, slots=True)
class PacketInfo:
    """What was in a packet. `discarded`: events this CPU has lost since the trace began.

    `missing`: packets of this CPU that should have come before this one and did not.
    """

    cpu: int
    event_count: int
    bytes: int
    discarded: int
    sequence: int
    missing: int


@dataclass(slots=True)
class _Stream:
    """The file of one CPU and the packets that are not in it yet."""

    file: BinaryIO
    waiting: list[bytes] = field(default_factory=list)
    waiting_bytes: int = 0
    next_sequence: int = 0


class TraceWriter:
    """One trace directory, being written. Not for more than one thread at a time."""

    def __init__(
        self, directory: Path, *, uuid: UUID, counter_hz: int, env: Mapping[str, str | int]
    ) -> None:
        """Makes the directory and its metadata. UsageError: unwritable, or has a trace already."""
        self.directory = directory
        self.packets = 0
        self.events = 0
        self.bytes = 0
        self.missing = 0  # packets that never came, by their sequence numbers
        self._uuid = uuid.bytes
        self._streams: dict[int, _Stream] = {}
        self._files = ExitStack()
        try:
            directory.mkdir(parents=True, exist_ok=True)
            with (directory / METADATA).open("x", encoding="utf-8") as file:
                file.write(events.metadata(uuid, counter_hz, env))
        except FileExistsError:
            raise UsageError(
                f"{directory} already has a trace: remove it or name another folder"
            ) from None
        except OSError as error:
            raise UsageError(
                f"cannot write a trace to {directory}: {error.strerror}; name another folder"
            ) from None

    def packet(self, data: bytes) -> PacketInfo:
        """Takes one whole packet. LinkError: it is none, or not of this trace; it is left out."""
        header = self._check(data)
        stream = self._streams.get(header.cpu_id) or self._open(header.cpu_id)
        missing = header.packet_seq_num - stream.next_sequence
        if missing < 0:
            raise LinkError(
                f"trace packet {header.packet_seq_num} of CPU {header.cpu_id} came twice: left out"
            )
        stream.next_sequence = header.packet_seq_num + 1
        stream.waiting.append(bytes(data))
        stream.waiting_bytes += len(data)
        if stream.waiting_bytes >= FLUSH_BYTES or len(stream.waiting) >= MOST_PACKETS:
            self._flush(stream)
        self.packets += 1
        self.events += header.event_count
        self.bytes += len(data)
        self.missing += missing
        return PacketInfo(
            header.cpu_id,
            header.event_count,
            len(data),
            header.events_discarded,
            header.packet_seq_num,
            missing,
        )

    def flush(self) -> None:
        """Hands everything taken so far to the kernel."""
        for stream in self._streams.values():
            self._flush(stream)

    def close(self) -> None:
        """Writes what is left and closes the files. Once closed, closing again does nothing."""
        with self._files:
            self.flush()
        self._streams.clear()

    def __enter__(self) -> Self:
        """The writer itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Closes."""
        self.close()

    def _check(self, data: bytes) -> events.Packet:
        try:
            header = events.Packet.unpack(data)
        except struct.error:
            raise LinkError(f"trace packet of only {len(data)} bytes: left out") from None
        problem = ""
        if header.magic != events.MAGIC or header.stream_id != events.STREAM_ID:
            problem = "is not a packet"
        elif header.uuid != self._uuid:
            problem = "is of another trace"
        elif not header.content_size == header.packet_size == 8 * len(data):
            problem = f"says {header.packet_size} bits but has {8 * len(data)}"
        elif header.cpu_id >= CPU_LIMIT:
            problem = f"names CPU {header.cpu_id}"
        if problem:
            raise LinkError(f"trace packet {problem}: left out")
        return header

    def _open(self, cpu: int) -> _Stream:
        path = self.directory / f"cpu{cpu}"
        try:
            file = self._files.enter_context(path.open("wb", buffering=0))
        except OSError as error:
            raise UsageError(f"cannot write {path}: {error.strerror}") from None
        self._streams[cpu] = stream = _Stream(file)
        return stream

    def _flush(self, stream: _Stream) -> None:
        """Writes the waiting packets whole; a full disk leaves the ones before it whole."""
        data, length = stream.waiting, stream.waiting_bytes
        stream.waiting, stream.waiting_bytes = [], 0
        if not data:
            return
        fd = stream.file.fileno()
        written = 0
        try:
            written = os.writev(fd, data)
            rest = memoryview(b"".join(data) if written < length else b"")[written:]
            while rest:
                count = os.write(fd, rest)
                written, rest = written + count, rest[count:]
        except OSError as error:
            cut_short = written - _whole(data, written)
            with suppress(OSError):  # no regular file, or as broken for this as for the write
                os.truncate(fd, os.fstat(fd).st_size - cut_short)
            raise TraceWriteError(
                f"cannot write the trace to {self.directory}: {error.strerror}; "
                "free some room or name another folder"
            ) from None


def _whole(packets: Iterable[bytes], written: int) -> int:
    """How many bytes the packets have that lie in the first `written` bytes as a whole."""
    ends = accumulate(map(len, packets))
    return max(takewhile(lambda end: end <= written, ends), default=0)
