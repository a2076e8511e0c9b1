"""A machine with Vellum in it: QEMU, the link into it, and the guest's console."""

from __future__ import annotations

from pathlib import Path

from vellum.link.frame import Channel
from vellum.link.link import Link
from vellum.link.messages import GuestStopEvent, Message, ReadyEvent, StopReason
from vellum.link.rpc import Rpc
from vellum.link.target import Target
from vellum.link.transport import SocketTransport
from vellum.qemu.command import MachineOptions, vellum_command
from vellum.qemu.process import QemuProcess, socket_pair
from vellum.run.console import Console
from vellum.run.events import EventQueue, GuestStopped, LinkClosed, QemuEnded, VellumReady
from vellum.run.line import ConsoleLine
from vellum.run.messages import Messages

__all__ = ["VellumMachine"]


class VellumMachine:
    """Started when made; `stop` ends it whole."""

    def __init__(
        self,
        qemu: str,
        options: MachineOptions,
        image: Path,
        *,
        pl011_link: bool,
        console: Console,
        events: EventQueue,
        messages: Messages,
        log: Path,
    ) -> None:
        """Starts QEMU; `log` gets its own words. Events go to `events`, other lines to `messages`.

        The trace channel of `link` is free: give it a handler before the guest starts.
        """
        self._events = events
        link_end, qemu_link = socket_pair()
        console_end, qemu_console = (None, None) if pl011_link else socket_pair()
        console_fd = qemu_console.fileno() if qemu_console else None
        command = vellum_command(qemu, options, image, console_fd, qemu_link.fileno())
        fds = [end.fileno() for end in (qemu_link, qemu_console) if end]
        try:
            self.qemu = QemuProcess(command, fds, log)
        finally:
            for end in (qemu_link, qemu_console):
                if end:
                    end.close()
        self.qemu.watch(lambda status: events.put(QemuEnded(status)))
        self._line = ConsoleLine(console_end, console) if console_end else None
        self.link = Link(SocketTransport(link_end))
        self.target = Target(Rpc(self.link))
        self._connect(console, messages)
        self.link.start()

    def send(self, data: bytes) -> None:
        """Types `data` on the guest's console."""
        if self._line:
            self._line.send(data)
        else:
            self.link.send(Channel.CONSOLE, data)

    def settle(self) -> None:
        """Waits until the console has had everything that the guest has printed so far."""
        if self._line:
            self._line.settle()

    def stop(self) -> None:
        """Ends QEMU, then takes in what it had already said."""
        self.qemu.stop()
        if self._line:
            self._line.close()
        self.link.close()

    def _connect(self, console: Console, messages: Messages) -> None:
        link = self.link
        link.on_text = console.feed
        link.on_problem = lambda what: messages(f"link: {what}")
        link.handle(Channel.LOG, lambda payload: messages(str(payload, "utf-8", "replace")))
        link.handle(Channel.CONSOLE, lambda payload: console.feed(bytes(payload)))
        link.on_closed(lambda error: self._events.put(LinkClosed(error)))
        self.target.rpc.on_event = self._on_message

    def _on_message(self, message: Message) -> None:
        if isinstance(message, ReadyEvent):
            self._events.put(VellumReady())
        elif isinstance(message, GuestStopEvent):
            reason = StopReason(message.reason)
            self._events.put(GuestStopped(reason, message.counter))
