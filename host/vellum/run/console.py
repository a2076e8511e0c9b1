"""The guest's console: to the user's terminal and a log, and watched for what ends a run.

Until the guest starts the same UART is Vellum's and the firmware's: those lines go to `early`.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from vellum.run.events import EventQueue, GuestPanicked, GuestSpoke, OutputClosed, VellumFailed

__all__ = ["Console"]

_LONGEST_LINE = 4096
_PANIC = re.compile(r"^(?:\[ *[\d.]+\](?:\[[ \w]+\])? *)?(Kernel panic - not syncing.*)")
_FAILED = re.compile(r"vellum: (cannot start: .*|panic: .*)")
_FAILED_CPU = re.compile(r"vellum:   cpu mpidr ")  # behind `panic:`, which a guest may print too


class Console:
    """Takes the bytes of the guest's console."""

    def __init__(self, output: int, events: EventQueue, early: Callable[[str], None]) -> None:
        """`output`: a file descriptor. `early`: gets each line from before the guest's start."""
        self._output: int | None = output
        self._events = events
        self._early = early
        self._lock = threading.Lock()
        self._log: BinaryIO | None = None
        self._line = bytearray()
        self._guest = False
        self._silent = True
        self._failure = ""  # what Vellum gave as its reason, perhaps

    def expect_vellum(self) -> None:
        """What comes now is Vellum's."""
        with self._lock:
            self._guest = False
            self._line.clear()

    def expect_guest(self, log: Path | None) -> None:
        """What comes now is the guest's; it is written to `log` too."""
        with self._lock:
            self._close_log()
            self._log = log.open("wb", buffering=0) if log else None
            self._guest = self._silent = True
            self._line.clear()

    def feed(self, data: bytes) -> None:
        """Bytes as they come; on any thread."""
        with self._lock:
            if self._guest:
                self._show(data)
            *whole, rest = (bytes(self._line) + data).split(b"\n")
            self._line[:] = rest[-_LONGEST_LINE:]
            for line in whole:
                self._look(line.decode("utf-8", "replace").strip("\r\0 "))

    def close(self) -> None:
        """Closes the log; the last line is looked at even if nothing ended it."""
        if self._line:
            self.feed(b"\n" if not self._guest else b"")
        with self._lock:
            self._close_log()

    def _show(self, data: bytes) -> None:
        if self._silent and data:
            self._silent = False
            self._events.put(GuestSpoke())
        if self._log:
            self._log.write(data)
        try:
            rest = data
            while rest and self._output is not None:
                rest = rest[os.write(self._output, rest) :]
        except BrokenPipeError:
            self._output = None
            self._events.put(OutputClosed())

    def _look(self, line: str) -> None:
        """One whole line; Vellum's own may begin amid one of the guest's."""
        if failed := _FAILED.search(line):
            self._failure = failed[1]
        if self._failure and (not self._guest or _FAILED_CPU.search(line)):
            self._events.put(VellumFailed(self._failure))
            self._failure = ""
        elif not self._guest:
            if line:
                self._early(line.removeprefix("vellum: "))
        elif panic := _PANIC.match(line):
            self._events.put(GuestPanicked(panic[1]))

    def _close_log(self) -> None:
        if self._log:
            self._log.close()
        self._log = None
