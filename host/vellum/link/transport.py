"""What carries the link: a byte stream, both ways. One thread receives, any thread sends."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import suppress
from struct import pack
from typing import Protocol

from vellum.errors import LinkError

__all__ = ["SocketTransport", "Transport"]


class Transport(Protocol):
    """A byte stream to Vellum."""

    def receive_into(self, buffer: memoryview) -> int:
        """Waits for bytes, returns how many came; 0: the other end is gone, or `close`."""

    def send(self, parts: Sequence[bytes | memoryview]) -> None:
        """Sends all of it, waiting for room. LinkError: the other end is gone, or takes nothing."""

    def close(self) -> None:
        """Ends the stream; a waiting `receive_into` returns 0."""


class SocketTransport:
    """A connected stream socket: QEMU's character device on the other end."""

    def __init__(self, sock: socket.socket, *, send_timeout: float = 10.0) -> None:
        """Takes over `sock`. `send_timeout`: seconds without room before a send gives up."""
        sock.setblocking(True)
        timeval = pack("@ll", int(send_timeout), int(send_timeout % 1 * 1e6))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeval)
        self._socket = sock

    def receive_into(self, buffer: memoryview) -> int:
        """See Transport."""
        try:
            return self._socket.recv_into(buffer)
        except OSError:
            return 0

    def send(self, parts: Sequence[bytes | memoryview]) -> None:
        """See Transport."""
        rest = [memoryview(part) for part in parts if len(part)]
        try:
            while rest:
                sent = self._socket.sendmsg(rest)
                while rest and sent >= len(rest[0]):
                    sent -= len(rest.pop(0))
                if sent:
                    rest[0] = rest[0][sent:]
        except BlockingIOError:
            raise LinkError("Vellum takes nothing from the link: it has stopped") from None
        except OSError as error:
            raise LinkError(f"the link is closed ({error.strerror})") from None

    def close(self) -> None:
        """See Transport."""
        with suppress(OSError):  # the other end may have gone already
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
