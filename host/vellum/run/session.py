"""A run under Vellum: a machine, and one boot of the guest in it, or several."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace

from vellum.errors import LinkError, RpcError
from vellum.qemu.binary import find_qemu
from vellum.run.boot import Boot, Setting
from vellum.run.console import Console
from vellum.run.directory import RunDirectory
from vellum.run.events import EventQueue, LinkClosed, Signalled
from vellum.run.machine import VellumMachine
from vellum.run.messages import Messages
from vellum.run.options import RunOptions, find_image, read_guest
from vellum.run.outcome import Outcome, RunEnded
from vellum.run.report import Report
from vellum.run.signals import catch_signals
from vellum.run.terminal import keyboard
from vellum.run.watch import EARLY_END, VELLUM_FAILED, ending

__all__ = ["console_output", "run_vellum"]

OFF_PATIENCE = 5.0  # seconds for QEMU to end once Vellum has been asked to turn the machine off
DUMP_PATIENCE = 0.3  # seconds for what Vellum says of itself when it panics
EXPLAIN_PATIENCE = 0.5  # seconds for the cause of a broken link to show


def run_vellum(options: RunOptions, report: Callable[[Report], None]) -> Outcome:
    """Runs the guest to its end. `report` is given one for each boot. Any VellumError."""
    guest = read_guest(options)
    image, qemu = find_image(options.image), find_qemu(options.qemu)
    directory = RunDirectory(options.output, force=options.force)
    events, messages = EventQueue(), Messages()
    with ExitStack() as end:
        end.callback(messages.close)
        messages.log_to(directory.aside(1) / "messages.log")
        console = Console(console_output(options), events, early=messages)
        end.callback(console.close)
        setting = Setting(options, guest, directory, console, events, messages)
        end.enter_context(catch_signals(lambda number: events.put(Signalled(number))))
        machine = VellumMachine(
            qemu,
            options.machine,
            image,
            pl011_link=options.pl011_link,
            console=console,
            events=events,
            messages=messages,
            log=directory.aside(1) / "qemu.log",
        )
        end.callback(machine.stop)
        end.enter_context(keyboard(machine.send, events))
        return _Session(machine, setting, report).run()


def console_output(options: RunOptions) -> int:
    """Where the guest's console goes: stdout is for the summary alone when a program reads it."""
    sys.stdout.flush()
    return os.dup(2 if options.json else 1)


class _Session:
    """The boots of one machine."""

    def __init__(
        self, machine: VellumMachine, setting: Setting, report: Callable[[Report], None]
    ) -> None:
        self._machine = machine
        self._setting = setting
        self._report = report

    def run(self) -> Outcome:
        """To the end of the last boot; the machine may still run after that."""
        try:
            number = 1
            while True:
                outcome = self._boot(number)
                if not (outcome.reason == "system_reset" and self._setting.options.restart):
                    break
                self._reset()
                number += 1
            self._switch_off(outcome)
        except RunEnded as end:
            outcome = end.outcome
        except LinkError as error:
            outcome = self._explain(error)
        if outcome.reason == VELLUM_FAILED:
            time.sleep(DUMP_PATIENCE)
        if outcome.reason == EARLY_END:
            words = self._machine.qemu.last_words()
            outcome = replace(outcome, message=f"{outcome.message}: {words or 'it said nothing'}")
        return outcome

    def _boot(self, number: int) -> Outcome:
        boot = Boot(number, self._machine, self._setting)
        boot.start()
        try:
            outcome = boot.watch()
        except LinkError as error:
            outcome = self._explain(error)
        self._report(boot.finish(outcome))
        return outcome

    def _reset(self) -> None:
        self._setting.console.expect_vellum()
        self._machine.link.expect_restart()
        self._machine.target.machine_reset()
        self._machine.link.restart()

    def _switch_off(self, outcome: Outcome) -> None:
        """Lets a guest that has stopped have its machine turned off, as it would be without us."""
        if not (outcome.stopped and outcome.answers):
            return
        try:
            self._machine.target.machine_off()
        except (LinkError, RpcError) as error:
            self._setting.messages(f"the machine was not turned off: {error}")
        else:
            self._machine.qemu.wait(OFF_PATIENCE)

    def _explain(self, error: LinkError) -> Outcome:
        """Why the link broke, where that shows: QEMU has ended, Vellum has panicked."""
        until = time.monotonic() + EXPLAIN_PATIENCE
        while event := self._setting.events.get(until - time.monotonic()):
            if not isinstance(event, LinkClosed) and (outcome := ending(event)):
                return replace(outcome, answers=False)
        return Outcome("error", 1, str(error), answers=False)
