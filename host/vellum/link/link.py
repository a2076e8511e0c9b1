"""The link: one reader thread that hands each channel's frames to who asked for them.

A handler runs on the reader thread; while it runs nothing else is received, so a slow one slows
Vellum down rather than losing anything. Damage and gaps are reported and counted, never silent.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from vellum.errors import LinkError, VellumError
from vellum.link.frame import Channel, FrameReceiver, encode
from vellum.link.transport import Transport

__all__ = ["Link"]

Handler = Callable[[memoryview], None]


def _ignore(_: Any) -> None:
    pass


class Link:
    """Frames over a transport. Set the handlers, then `start`."""

    def __init__(self, transport: Transport) -> None:
        """Takes over `transport`: `close` closes it."""
        self.on_text: Callable[[bytes], None] = _ignore
        self.on_problem: Callable[[str], None] = _ignore
        self.problem_count = 0
        self.received_bytes = 0
        self._transport = transport
        self._handlers: dict[Channel, Handler] = {}
        self._closed: list[Callable[[LinkError], None]] = []
        self._thread = threading.Thread(target=self._read, name="link", daemon=True)
        self._send_lock = threading.Lock()
        self._sent = dict.fromkeys(Channel, 0)
        self._expected = dict.fromkeys(Channel, 0)
        self._restarting: set[Channel] = set()
        self._closing = False

    def handle(self, channel: Channel, handler: Handler) -> None:
        """`handler` gets the payload of every frame of `channel`; valid during the call only."""
        self._handlers[channel] = handler

    def on_closed(self, callback: Callable[[LinkError], None]) -> None:
        """`callback` is called once, on the reader thread, when nothing more will come."""
        self._closed.append(callback)

    def start(self) -> None:
        """Begins to receive."""
        self._thread.start()

    def send(self, channel: Channel, *parts: bytes | memoryview) -> None:
        """Sends one frame made of `parts`; waits while Vellum is busy. LinkError: it is gone."""
        with self._send_lock:
            header = encode(channel, self._sent[channel], parts)
            self._sent[channel] += 1
            self._transport.send([header, *parts])

    def expect_restart(self) -> None:
        """The machine is about to be reset: the next frame 0 of a channel is no gap."""
        self._restarting = set(Channel)

    def restart(self) -> None:
        """The machine has been reset: our frames are counted from 0 again."""
        with self._send_lock:
            self._sent = dict.fromkeys(Channel, 0)

    def close(self) -> None:
        """Closes the transport and waits a little for the reader to finish."""
        self._closing = True
        self._transport.close()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(2.0)

    def _read(self) -> None:
        receiver = FrameReceiver(self)
        error = LinkError("the link is closed")
        try:
            while count := self._transport.receive_into(receiver.room()):
                self.received_bytes += count
                receiver.advance(count)
        except (VellumError, OSError) as failure:  # of a handler: say, the disk is full
            error = LinkError(str(failure))
        for callback in self._closed:
            callback(error)

    # FrameSink, on the reader thread

    def frame(self, channel: Channel, sequence: int, payload: memoryview) -> None:
        """See FrameSink."""
        if sequence == 0 and channel in self._restarting:
            self._restarting.remove(channel)
            self._expected[channel] = 0
        missing = (sequence - self._expected[channel]) & 0xFFFF
        if missing:
            self.problem(f"{missing} frames of channel {channel.name} missing")
        self._expected[channel] = (sequence + 1) & 0xFFFF
        handler = self._handlers.get(channel)
        if handler:
            handler(payload)

    def text(self, data: bytes) -> None:
        """See FrameSink."""
        self.on_text(data)

    def problem(self, what: str) -> None:
        """See FrameSink."""
        self.problem_count += 1
        if not self._closing:
            self.on_problem(what)
