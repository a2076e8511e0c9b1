"""The user's keyboard, passed to the guest as it is, except for Ctrl-C and a Ctrl-A prefix."""

from __future__ import annotations

import os
import select
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from vellum.errors import LinkError
from vellum.run.events import EventQueue, QuitRequested

__all__ = ["KEYS", "EscapeFilter", "keyboard"]

KEYS = "Ctrl-C or Ctrl-A x: end the run; Ctrl-A c: send Ctrl-C; Ctrl-A a: send Ctrl-A"
_PREFIX = 0x01


class EscapeFilter:
    """Finds the Ctrl-A sequences among typed bytes."""

    def __init__(self, quit_requested: Callable[[], None]) -> None:
        """`quit_requested` is called for Ctrl-A x."""
        self._quit = quit_requested
        self._prefixed = False

    def __call__(self, typed: bytes) -> bytes:
        """What of `typed` is for the guest."""
        passed = bytearray()
        for key in typed:
            if self._prefixed:
                self._prefixed = False
                if key in b"xX":
                    self._quit()
                elif key in b"cC":
                    passed.append(0x03)
                elif key in (_PREFIX, ord("a")):
                    passed.append(_PREFIX)
                else:
                    passed += bytes((_PREFIX, key))
            elif key == _PREFIX:
                self._prefixed = True
            else:
                passed.append(key)
        return bytes(passed)


@contextmanager
def keyboard(send: Callable[[bytes], None], events: EventQueue) -> Iterator[None]:
    """While inside, what is typed goes to `send`. Does nothing when stdin is no terminal."""
    if not (sys.stdin and sys.stdin.isatty()) or os.tcgetpgrp(0) != os.getpgrp():
        yield
        return
    fd = sys.stdin.fileno()
    before = termios.tcgetattr(fd)
    stop_read, stop_write = os.pipe()
    escapes = EscapeFilter(lambda: events.put(QuitRequested()))

    def forward() -> None:
        with suppress(LinkError, OSError):
            while fd in select.select([fd, stop_read], [], [])[0]:
                typed = os.read(fd, 4096)
                if not typed:
                    return
                if passed := escapes(typed):
                    send(passed)

    thread = threading.Thread(target=forward, name="keyboard", daemon=True)
    termios.tcsetattr(fd, termios.TCSADRAIN, _raw_but_interrupt(before))
    thread.start()
    try:
        yield
    finally:
        os.write(stop_write, b"x")
        thread.join(1.0)
        termios.tcsetattr(fd, termios.TCSADRAIN, before)


def _raw_but_interrupt(before: list[Any]) -> list[Any]:
    """No echo, no lines, no translation; of the keys with a meaning only Ctrl-C keeps it."""
    iflag, oflag, cflag, lflag, ispeed, ospeed, keys = before
    iflag &= ~(termios.ICRNL | termios.INLCR | termios.IXON | termios.ISTRIP)
    lflag &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
    keys = list(keys)
    for key in (termios.VQUIT, termios.VSUSP):
        keys[key] = b"\0"  # _POSIX_VDISABLE on Linux
    keys[termios.VMIN], keys[termios.VTIME] = 1, 0
    return [iflag, oflag, cflag, lflag, ispeed, ospeed, keys]
