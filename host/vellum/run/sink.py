"""Takes trace packets off the link into a trace directory, and counts what came and what not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

from vellum.errors import LinkError
from vellum.trace.writer import TraceWriter

__all__ = ["TraceSink"]

FLUSH_EVERY = 0.25  # seconds: what a killed host may lose of the packets that it has had


class TraceSink:
    """One trace, while its guest runs. `packet` is for the link's thread, the rest for any."""

    def __init__(
        self,
        directory: Path,
        *,
        counter_hz: int,
        env: dict[str, str | int],
        problem: Callable[[str], None],
    ) -> None:
        """Begins the trace. UsageError: the folder cannot be written."""
        self.directory = directory
        self.uuid: UUID = uuid4()
        self.bytes = 0
        self.events = 0
        self.missing = 0  # packets that never came, or could not be taken
        self._discarded: dict[int, int] = {}  # by CPU, since the start
        self._problem = problem
        self._lock = threading.Lock()
        self._open = True
        self._flushed = time.monotonic()
        self._writer = TraceWriter(directory, uuid=self.uuid, counter_hz=counter_hz, env=env)

    @property
    def discarded(self) -> int:
        """Events that Vellum had to drop."""
        return sum(self._discarded.values())

    def packet(self, payload: memoryview) -> None:
        """One packet. Of packets after `close` nothing is kept: the guest runs on a little."""
        with self._lock:
            if not self._open:
                return
            try:
                info = self._writer.packet(bytes(payload))
            except LinkError as error:
                self.missing += 1
                self._problem(str(error))
                return
            if info.missing:
                self._problem(f"{info.missing} trace packets of CPU {info.cpu} did not come")
            self.bytes += info.bytes
            self.events += info.event_count
            self.missing += info.missing
            self._discarded[info.cpu] = info.discarded
            if time.monotonic() - self._flushed > FLUSH_EVERY:
                self._writer.flush()
                self._flushed = time.monotonic()

    def close(self) -> None:
        """Ends the trace, which is whole up to here."""
        with self._lock:
            self._open = False
            self._writer.close()
