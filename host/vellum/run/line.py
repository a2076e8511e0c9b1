"""The socket that carries a guest's own UART: one thread reads it into the console."""

from __future__ import annotations

import select
import socket
import threading
import time

from vellum.link.transport import SocketTransport
from vellum.run.console import Console

__all__ = ["ConsoleLine"]


class ConsoleLine:
    """Bytes between QEMU's serial port and a Console."""

    def __init__(self, sock: socket.socket, console: Console) -> None:
        """Takes over `sock` and begins to read."""
        self._socket = sock
        self._transport = SocketTransport(sock)
        self._console = console
        self._reading = threading.Lock()
        self._ended = False
        self._thread = threading.Thread(target=self._read, name="console", daemon=True)
        self._thread.start()

    def send(self, data: bytes) -> None:
        """Types `data`. LinkError: the guest takes nothing, or is gone."""
        self._transport.send([data])

    def settle(self, timeout: float = 1.0) -> None:
        """Waits until the console has had everything that has come so far."""
        until = time.monotonic() + timeout
        while not self._ended and time.monotonic() < until:
            with self._reading:
                if not select.select([self._socket], [], [], 0)[0]:
                    return
            time.sleep(0.002)

    def close(self) -> None:
        """Reads what is left, then closes; after QEMU has ended."""
        self._thread.join(1.0)
        self._transport.close()

    def _read(self) -> None:
        buffer = bytearray(1 << 16)
        view = memoryview(buffer)
        while not self._ended:
            select.select([self._socket], [], [])
            with self._reading:  # so that `settle` never sees bytes that are neither here nor there
                count = self._transport.receive_into(view)
                self._console.feed(bytes(view[:count]))
            self._ended = count == 0
