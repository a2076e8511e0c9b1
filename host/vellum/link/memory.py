"""A transport without a machine: two ends in one process, for tests and for models of Vellum."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Condition

from vellum.errors import LinkError

__all__ = ["MemoryTransport", "memory_pair"]


class _Pipe:
    """Bytes on their way in one direction."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.closed = False
        self.changed = Condition()


class MemoryTransport:
    """One end of a pair; see Transport for the methods."""

    def __init__(self, incoming: _Pipe, outgoing: _Pipe) -> None:
        """Made by memory_pair."""
        self._incoming = incoming
        self._outgoing = outgoing

    def receive_into(self, buffer: memoryview) -> int:
        """See Transport."""
        pipe = self._incoming
        with pipe.changed:
            pipe.changed.wait_for(lambda: pipe.data or pipe.closed)
            count = min(len(buffer), len(pipe.data))
            buffer[:count] = pipe.data[:count]
            del pipe.data[:count]
            return count

    def send(self, parts: Sequence[bytes | memoryview]) -> None:
        """See Transport; there is always room."""
        pipe = self._outgoing
        with pipe.changed:
            if pipe.closed:
                raise LinkError("the link is closed")
            for part in parts:
                pipe.data += part
            pipe.changed.notify_all()

    def close(self) -> None:
        """See Transport."""
        for pipe in (self._incoming, self._outgoing):
            with pipe.changed:
                pipe.closed = True
                pipe.changed.notify_all()


def memory_pair() -> tuple[MemoryTransport, MemoryTransport]:
    """Two ends, each receiving what the other sends."""
    one, other = _Pipe(), _Pipe()
    return MemoryTransport(one, other), MemoryTransport(other, one)
