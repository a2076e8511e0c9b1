"""A run without Vellum: the same guest on the same machine, for comparison."""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from vellum.qemu.binary import find_qemu
from vellum.qemu.command import bare_command
from vellum.qemu.process import QemuProcess, socket_pair
from vellum.run.console import Console
from vellum.run.events import EventQueue, QemuEnded, Signalled
from vellum.run.line import ConsoleLine
from vellum.run.messages import Messages
from vellum.run.options import RunOptions, read_guest
from vellum.run.outcome import Outcome
from vellum.run.session import console_output
from vellum.run.signals import catch_signals
from vellum.run.terminal import keyboard
from vellum.run.watch import EARLY_END, Watch

__all__ = ["run_bare"]


def run_bare(options: RunOptions) -> Outcome:
    """Runs the guest to its end. Any VellumError."""
    guest = read_guest(options)
    qemu = find_qemu(options.qemu)
    events, messages = EventQueue(), Messages()
    with ExitStack() as end:
        folder = Path(end.enter_context(tempfile.TemporaryDirectory(prefix="vellum-")))
        kernel = folder / "Image"  # unpacked: not every QEMU can
        kernel.write_bytes(guest.kernel.data)
        console = Console(console_output(options), events, early=messages)
        console.expect_guest(None)
        end.callback(console.close)
        end.enter_context(catch_signals(lambda number: events.put(Signalled(number))))
        process, line = _start(qemu, options, kernel, folder / "qemu.log", console)
        end.callback(line.close)
        end.callback(process.stop)
        process.watch(lambda status: events.put(QemuEnded(status)))
        end.enter_context(keyboard(line.send, events))
        watch = Watch(
            events,
            line.settle,
            start_timeout=options.start_timeout,
            deadline=time.monotonic() + options.timeout if options.timeout else None,
        )
        return _judge(watch.until_end(), process)


def _start(
    qemu: str, options: RunOptions, kernel: Path, log: Path, console: Console
) -> tuple[QemuProcess, ConsoleLine]:
    ours, theirs = socket_pair()
    with theirs:
        command = bare_command(
            qemu,
            options.machine,
            kernel,
            theirs.fileno(),
            initrd=options.initrd,
            append=options.append,
            restart=options.restart,
            random=options.random,
        )
        process = QemuProcess(command, [theirs.fileno()], log)
    return process, ConsoleLine(ours, console)


def _judge(outcome: Outcome, process: QemuProcess) -> Outcome:
    """QEMU ends when the guest turns the machine off or resets it: that is how it should be."""
    if outcome.reason != EARLY_END:
        return outcome
    if process.status == 0:
        return Outcome("guest_ended")
    words = process.last_words() or "it said nothing"
    return replace(outcome, message=f"{outcome.message}: {words}")
