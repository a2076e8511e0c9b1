"""One order for all CPUs: blocks of each CPU's events to blocks of everyone's, by time.

Of equal times the lower CPU comes first. The order of one CPU's own events is never changed, even
if its clock went back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from vellum.trace.decode import Array, Block, concatenate


class _Stream:
    """One CPU's blocks, read as they are needed, and how much of the current one is taken."""

    def __init__(self, blocks: Iterator[Block]) -> None:
        self._blocks = blocks
        self._latest = np.uint64(0)
        self._taken = 0
        self._block: Block | None = None
        self._keys: Array = np.zeros(0, np.uint64)
        self.cpu = -1

    def fill(self) -> bool:
        """Has events left, from the next block if need be."""
        while self._taken == len(self._keys):
            self._block = next(self._blocks, None)
            if self._block is None:
                return False
            self._taken = 0
            self._keys = np.maximum(np.maximum.accumulate(self._block.time), self._latest)
            if len(self._keys):
                self._latest = self._keys[-1]
                self.cpu = int(self._block.cpu[0])
        return True

    @property
    def end(self) -> tuple[int, int]:
        """The last event at hand: its time and CPU."""
        return int(self._keys[-1]), self.cpu

    def take(self, end: tuple[int, int]) -> tuple[Array, Block]:
        """Events up to and with those at `end`, by time and CPU; with the times to sort them by."""
        assert self._block is not None
        side = "right" if self.cpu <= end[1] else "left"
        start = self._taken
        stop = int(np.searchsorted(self._keys, np.uint64(end[0]), side))  # type: ignore[call-overload]
        self._taken = max(stop, start)
        return self._keys[start : self._taken], self._block.part(start, self._taken)


def merge(streams: Sequence[Iterator[Block]]) -> Iterator[Block]:
    """Blocks with the events of all `streams`, each of one CPU, in order of time."""
    if len(streams) == 1:
        yield from streams[0]
        return
    waiting = [stream for stream in map(_Stream, streams) if stream.fill()]
    while waiting:
        end = min(stream.end for stream in waiting)
        parts = [stream.take(end) for stream in waiting]
        keys = np.concatenate([part[0] for part in parts])
        block = concatenate([part[1] for part in parts])
        yield block.sorted(np.lexsort((block.cpu, keys)))
        waiting = [stream for stream in waiting if stream.fill()]
