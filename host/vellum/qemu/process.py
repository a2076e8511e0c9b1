"""A running QEMU: started with sockets in its hands, ended whole, never left behind."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from vellum.errors import UsageError

__all__ = ["QemuProcess", "socket_pair"]

_BUFFER = 4 << 20
# socket(7); not in Python's module. They may pass the system's limit, and need CAP_NET_ADMIN.
_SO_SNDBUFFORCE, _SO_RCVBUFFORCE = 32, 33


def socket_pair() -> tuple[socket.socket, socket.socket]:
    """Two connected stream sockets with large buffers: ours, and QEMU's."""
    pair = socket.socketpair()
    for end in pair:
        _enlarge(end, _SO_SNDBUFFORCE, socket.SO_SNDBUF)
        _enlarge(end, _SO_RCVBUFFORCE, socket.SO_RCVBUF)
    return pair


def _enlarge(sock: socket.socket, force: int, limited: int) -> None:
    try:
        sock.setsockopt(socket.SOL_SOCKET, force, _BUFFER)
    except OSError:
        sock.setsockopt(socket.SOL_SOCKET, limited, _BUFFER)


class QemuProcess:
    """One QEMU, in a session of its own, so that a Ctrl-C is ours alone."""

    def __init__(self, command: Sequence[str], fds: Sequence[int], log: Path) -> None:
        """Starts it on the main thread, with `fds` kept open for it; its own words go to `log`.

        The kernel kills it when the thread that called this ends, however that ends.
        """
        guard = shutil.which("setpriv")
        prefix = [guard, "--pdeathsig", "KILL", "--"] if guard else []
        self._log = log
        self._ended_by_us = False
        with log.open("wb") as output:
            try:
                self._process = subprocess.Popen(
                    [*prefix, *command],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    pass_fds=fds,
                    start_new_session=True,
                )
            except OSError as error:
                raise UsageError(f"QEMU does not start: {error}") from None

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Its exit status; None while it runs."""
        return self._process.poll()

    def watch(self, ended: Callable[[int], None]) -> None:
        """Calls `ended` with the exit status, on a thread of its own, when it ends by itself."""

        def wait() -> None:
            status = self._process.wait()
            if not self._ended_by_us:
                ended(status)

        threading.Thread(target=wait, name="qemu", daemon=True).start()

    def wait(self, timeout: float) -> bool:
        """Waits for it to end by itself. False: it still runs."""
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self) -> None:
        """Ends it: politely, then not."""
        self._ended_by_us = True
        for end in (self._process.terminate, self._process.kill):
            if self._process.poll() is None:
                end()
                self.wait(3.0)

    def last_words(self) -> str:
        """The last line it said; empty when it said nothing."""
        try:
            lines = self._log.read_text(errors="replace").strip().splitlines()
        except OSError:
            return ""
        return lines[-1].removeprefix("qemu-system-aarch64:").strip() if lines else ""
