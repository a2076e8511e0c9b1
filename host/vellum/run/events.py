"""What can happen during a run. Threads put these in one queue; the main thread takes them out."""

from __future__ import annotations

from dataclasses import dataclass
from queue import Empty, SimpleQueue

from vellum.errors import LinkError
from vellum.link.messages import StopReason

__all__ = [
    "Event",
    "EventQueue",
    "GuestPanicked",
    "GuestSpoke",
    "GuestStopped",
    "LinkClosed",
    "OutputClosed",
    "QemuEnded",
    "QuitRequested",
    "Signalled",
    "VellumFailed",
    "VellumReady",
]


@dataclass(frozen=True)
class VellumReady:
    """Vellum is up and waits for calls."""


@dataclass(frozen=True)
class VellumFailed:
    """Vellum printed that it stops for good. `line`: why."""

    line: str


@dataclass(frozen=True)
class GuestSpoke:
    """The first byte of the guest's console."""


@dataclass(frozen=True)
class GuestPanicked:
    """The guest's kernel printed that it panics. `line`: why."""

    line: str


@dataclass(frozen=True)
class GuestStopped:
    """The guest turned itself off or asked for a reset, at `counter` ticks."""

    reason: StopReason
    counter: int


@dataclass(frozen=True)
class LinkClosed:
    """Nothing more comes from Vellum."""

    error: LinkError


@dataclass(frozen=True)
class QemuEnded:
    """QEMU ended by itself."""

    status: int


@dataclass(frozen=True)
class Signalled:
    """Ctrl-C, or another signal that asks to end."""

    number: int


@dataclass(frozen=True)
class QuitRequested:
    """The user typed the key sequence that ends the run."""


@dataclass(frozen=True)
class OutputClosed:
    """Who reads our standard output has gone."""


Event = (
    VellumReady
    | VellumFailed
    | GuestSpoke
    | GuestPanicked
    | GuestStopped
    | LinkClosed
    | QemuEnded
    | Signalled
    | QuitRequested
    | OutputClosed
)


class EventQueue:
    """Events in the order they happened. `put` may be called anywhere, a signal handler too."""

    def __init__(self) -> None:
        """Empty."""
        self._queue: SimpleQueue[Event] = SimpleQueue()

    def put(self, event: Event) -> None:
        """Adds one."""
        self._queue.put(event)

    def get(self, timeout: float | None) -> Event | None:
        """The next one; None when none came within `timeout` seconds (None: wait for ever)."""
        try:
            return self._queue.get(timeout=None if timeout is None else max(timeout, 0.0))
        except Empty:
            return None
