"""What Vellum and the link have to say during a run: to stderr and to a log, line by line."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import TextIO

__all__ = ["Messages"]


class Messages:
    """Lines for people; from any thread."""

    def __init__(self) -> None:
        """Without a log until `log_to`."""
        self._lock = threading.Lock()
        self._log: TextIO | None = None

    def log_to(self, path: Path) -> None:
        """Keeps what comes from now on in `path` too."""
        with self._lock:
            self._log = path.open("w", encoding="utf-8", buffering=1)

    def __call__(self, line: str) -> None:
        """One line."""
        with self._lock:
            if self._log:
                self._log.write(line + "\n")
            # \r: the terminal's cursor may be anywhere in a line of the guest's
            start = "\r" if sys.stderr.isatty() else ""
            print(f"{start}vellum: {line}", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Closes the log."""
        with self._lock:
            if self._log:
                self._log.close()
            self._log = None
