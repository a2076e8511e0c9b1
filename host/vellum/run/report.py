"""What a boot came to: its figures, for people and for programs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vellum.trace.stat import DeviceStat

__all__ = ["Report"]


@dataclass(frozen=True)
class Report:
    """One boot of the guest."""

    directory: Path  # of its trace
    reason: str
    ticks: int | None  # of the counter, from the guest's start to its stop
    counter_hz: int
    wall_seconds: float
    exits: dict[str, int]  # by name, over all CPUs
    devices: tuple[DeviceStat, ...]  # the traced ones that were used
    trace_bytes: int
    events: int
    discarded: int  # events that Vellum dropped
    missing: int  # packets that never came
    link_bytes: int
    link_problems: int

    @property
    def guest_seconds(self) -> float | None:
        """Of the guest's own clock."""
        return None if self.ticks is None else self.ticks / self.counter_hz
