"""Frames: how many channels share one byte stream. Pure: bytes in, frames out, no I/O.

The wire format is that of hv/link/link.h. Bytes between frames are text (what Vellum or firmware
prints on a UART that also carries the link), unless they follow a damaged frame.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from struct import Struct
from typing import Protocol

from crc32c import crc32c

__all__ = ["HEADER", "MAGIC", "MAX_PAYLOAD", "Channel", "FrameReceiver", "FrameSink", "encode"]

MAGIC = b"VLMF"
MAX_PAYLOAD = 65536
HEADER = Struct("<4sBBHIII")  # magic, channel, flags, sequence, length, payload crc, header crc
_CRC_SPAN = HEADER.size - 4
_CAPACITY = 1 << 20
_LEAST_ROOM = 1 << 17  # above the longest frame, so that one always fits


class Channel(IntEnum):
    """Who a frame is for: enum link_channel."""

    RPC = 0
    LOG = 1
    CONSOLE = 2
    TRACE = 3


class FrameSink(Protocol):
    """Takes what a FrameReceiver finds."""

    def frame(self, channel: Channel, sequence: int, payload: memoryview) -> None:
        """One good frame. `payload` is valid during the call only."""

    def text(self, data: bytes) -> None:
        """Bytes outside of frames."""

    def problem(self, what: str) -> None:
        """The stream is damaged; one line."""


def encode(channel: Channel, sequence: int, parts: Iterable[bytes | memoryview]) -> bytes:
    """The header of the frame whose payload is `parts`, one after the other."""
    crc = length = 0
    for part in parts:
        crc = crc32c(part, crc)
        length += len(part)
    if length > MAX_PAYLOAD:
        raise ValueError(f"a payload of {length} bytes: at most {MAX_PAYLOAD}")
    head = HEADER.pack(MAGIC, channel, 0, sequence & 0xFFFF, length, crc, 0)[:_CRC_SPAN]
    return head + crc32c(head).to_bytes(4, "little")


class FrameReceiver:
    """Finds frames in a stream: receive into `room()`, then tell `advance()` how much came.

    A frame is handed on where it lies in the buffer. After damage it hunts for the next good
    frame from one byte behind the bad magic, as the other end does.
    """

    def __init__(self, sink: FrameSink) -> None:
        """Frames, text and problems go to `sink`, in the order of the stream."""
        self._sink = sink
        self._buffer = bytearray(_CAPACITY)
        self._view = memoryview(self._buffer)
        self._start = 0
        self._end = 0
        self._damaged = False  # since the last good frame
        self._skipped = 0

    def room(self) -> memoryview:
        """Free space to receive into, never empty."""
        if _CAPACITY - self._end < _LEAST_ROOM:
            rest = self._end - self._start
            self._view[:rest] = self._view[self._start : self._end]
            self._start, self._end = 0, rest
        return self._view[self._end :]

    def advance(self, count: int) -> None:
        """`count` bytes have been put into `room()`."""
        self._end += count
        while self._take_one():
            pass
        if self._start == self._end:
            self._start = self._end = 0

    def _take_one(self) -> bool:
        """Takes one step through the stream. False: it needs more bytes."""
        found = self._buffer.find(MAGIC, self._start, self._end)
        if found < 0:
            self._skip_to(self._end - self._magic_begun())
            return False
        self._skip_to(found)
        if self._end - found < HEADER.size:
            return False
        _, channel, _, sequence, length, payload_crc, crc = HEADER.unpack_from(self._view, found)
        if crc != crc32c(self._view[found : found + _CRC_SPAN]):
            return self._damage("a frame header with a wrong CRC")
        if length > MAX_PAYLOAD or channel >= len(Channel):
            return self._damage(f"a frame of {length} bytes on channel {channel}")
        payload_end = found + HEADER.size + length
        if payload_end > self._end:
            return False
        payload = self._view[found + HEADER.size : payload_end]
        if payload_crc != crc32c(payload):
            return self._damage(f"a frame of channel {Channel(channel).name} with a wrong CRC")
        self._recovered()
        self._start = payload_end
        self._sink.frame(Channel(channel), sequence, payload)
        return True

    def _magic_begun(self) -> int:
        """How many bytes at the end may be the beginning of a magic."""
        tail = bytes(self._view[max(self._start, self._end - len(MAGIC) + 1) : self._end])
        return next((n for n in range(len(tail), 0, -1) if MAGIC.startswith(tail[-n:])), 0)

    def _skip_to(self, position: int) -> None:
        if position <= self._start:
            return
        if self._damaged:
            self._skipped += position - self._start
        else:
            self._sink.text(bytes(self._view[self._start : position]))
        self._start = position

    def _damage(self, what: str) -> bool:
        self._sink.problem(what)
        self._damaged = True
        self._skip_to(self._start + 1)
        return True

    def _recovered(self) -> None:
        if self._damaged:
            self._sink.problem(f"{self._skipped} damaged bytes skipped")
        self._damaged, self._skipped = False, 0
