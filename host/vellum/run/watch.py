"""Waits while the guest runs, until something ends the run, and says what it was."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

from vellum.errors import LinkError
from vellum.link.messages import StopReason
from vellum.run.events import (
    Event,
    EventQueue,
    GuestPanicked,
    GuestSpoke,
    GuestStopped,
    LinkClosed,
    OutputClosed,
    QemuEnded,
    QuitRequested,
    Signalled,
    VellumFailed,
)
from vellum.run.outcome import Outcome

__all__ = ["EARLY_END", "INTERRUPTED", "STUCK", "VELLUM_FAILED", "Watch", "ending"]

PANIC_GRACE = 2.0  # seconds for a guest that panics to stop by itself
SIGPIPE_STATUS = 128 + signal.SIGPIPE
HANG = "hang"
TIMEOUT = "timeout"
STUCK = (HANG, TIMEOUT)  # where each CPU is tells the user more
INTERRUPTED = "interrupted"
EARLY_END = "qemu_ended"
VELLUM_FAILED = "vellum_failed"


def ending(event: Event) -> Outcome | None:
    """The outcome that `event` alone means, at any time of a run; None: the run goes on."""
    match event:
        case Signalled(number):
            name = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
            return Outcome(INTERRUPTED, 128 + number, f"ended by {name}")
        case QuitRequested():
            return Outcome(INTERRUPTED, 128 + signal.SIGINT, "ended by Ctrl-A x")
        case OutputClosed():
            return Outcome(INTERRUPTED, SIGPIPE_STATUS, "ended: nobody reads the output")
        case VellumFailed(line):
            return Outcome(VELLUM_FAILED, 1, f"Vellum: {line}", answers=False)
        case QemuEnded(status):
            message = f"QEMU ended by itself with status {status}"
            return Outcome(EARLY_END, 1, message, answers=False)
        case LinkClosed(error):
            raise LinkError(str(error))
    return None


class Watch:
    """One guest's life. Times in seconds; 0: no limit."""

    def __init__(
        self,
        events: EventQueue,
        settle: Callable[[], None],
        *,
        start_timeout: float,
        deadline: float | None,
    ) -> None:
        """`settle`: waits until the guest's console has been looked at as far as it has come.

        `deadline`: of the whole run, by time.monotonic.
        """
        self._events = events
        self._settle = settle
        self._deadline = deadline
        self._start_timeout = start_timeout
        self._speak_by = time.monotonic() + start_timeout if start_timeout else None
        self._panic: GuestPanicked | None = None
        self._panic_over: float | None = None

    def until_end(self) -> Outcome:
        """Waits for the end. LinkError: the link broke."""
        while True:
            limits = [t for t in (self._deadline, self._speak_by, self._panic_over) if t]
            event = self._events.get(min(limits) - time.monotonic() if limits else None)
            outcome = self._on(event) if event else self._on_time(time.monotonic())
            if outcome:
                return outcome

    def _on(self, event: Event) -> Outcome | None:
        match event:
            case GuestSpoke():
                self._speak_by = None
            case GuestPanicked() if self._panic is None:
                self._panic = event
                self._panic_over = time.monotonic() + PANIC_GRACE
            case GuestStopped(reason, counter):
                return self._stopped(reason, counter)
            case QemuEnded():
                self._hear_out()
                return self._panicked(None) if self._panic else ending(event)
            case _:
                return ending(event)
        return None

    def _stopped(self, reason: StopReason, counter: int) -> Outcome:
        self._hear_out()
        if self._panic:
            return self._panicked(counter)
        return Outcome(reason.name.lower(), counter=counter)

    def _hear_out(self) -> None:
        """The console comes by another way: a panic may be known only after the stop it caused."""
        self._settle()
        later = []
        while event := self._events.get(0):
            if isinstance(event, GuestPanicked):
                self._panic = self._panic or event
            else:
                later.append(event)
        for event in later:
            self._events.put(event)

    def _panicked(self, counter: int | None) -> Outcome:
        assert self._panic
        message = f"the guest panicked: {self._panic.line}. The console above says more"
        return Outcome("panic", 3, message, counter)

    def _on_time(self, now: float) -> Outcome | None:
        if self._panic_over and now >= self._panic_over:
            return self._panicked(None)
        if self._deadline and now >= self._deadline:
            return Outcome(TIMEOUT, 4, "the guest did not stop within --timeout")
        if self._speak_by and now >= self._speak_by:
            said = f"the guest printed nothing within {self._start_timeout:g} s of its start"
            hint = "check its console= argument, or give it longer by --start-timeout"
            return Outcome(HANG, 4, f"{said}: {hint}")
        return None
