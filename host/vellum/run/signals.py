"""Signals that ask a run to end become events, so that nothing is ever torn down half-way."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["catch_signals"]

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def catch_signals(handler: Callable[[int], None]) -> Iterator[None]:
    """Calls `handler` with the number of each signal that asks to end. Main thread only."""

    def handle(number: int, frame: FrameType | None) -> None:
        handler(number)

    before = {number: signal.signal(number, handle) for number in _ENDING}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
