"""Ticks of the counter and seconds of the guest: the one place where they are converted.

A time is shown in whole nanoseconds since the guest's start, rounded down, exactly.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from vellum.errors import UsageError
from vellum.trace.decode import Array

__all__ = ["NANO", "Clock"]

NANO = 10**9
_TOP = (1 << 64) - 1
_SECONDS = r"-?(?:\d+\.?\d*|\.\d+)"
_SPAN = re.compile(rf"\s*({_SECONDS})?\s*\.\.\s*({_SECONDS})?\s*")


@dataclass(frozen=True, slots=True)
class Clock:
    """The counter: its ticks a second (below 2^32), and where it stood at the guest's start."""

    hz: int
    start: int

    def nanoseconds(self, ticks: Array) -> npt.NDArray[np.int64]:
        """Since the guest's start; negative before it."""
        since = (ticks - np.uint64(self.start)).astype(np.int64)
        seconds, rest = np.divmod(since, self.hz)
        found: npt.NDArray[np.int64] = seconds * NANO + rest * NANO // self.hz
        return found

    def window(self, text: str) -> range:
        """Ticks of `FROM..TO`, in seconds as they are shown, both included; either may be left out.

        UsageError: it is no such thing, or nothing lies in it.
        """
        match = _SPAN.fullmatch(text)
        if not match or not (match[1] or match[2]):
            raise UsageError(f"`{text}` is no span of time: give FROM..TO in seconds, as 0.5..1.25")
        first = self._ticks(match[1], 0) if match[1] else 0
        last = self._ticks(match[2], 1) if match[2] else _TOP
        if first >= last:
            raise UsageError(f"`{text}` ends before it begins: give FROM..TO in seconds")
        return range(min(max(0, first), _TOP), min(max(0, last), _TOP))

    def _ticks(self, seconds: str, more: int) -> int:
        """The first tick that is shown as this time, `more` nanoseconds later, or after it."""
        nanoseconds = Fraction(seconds) * NANO // 1 + more
        return self.start - (-nanoseconds * self.hz // NANO)
