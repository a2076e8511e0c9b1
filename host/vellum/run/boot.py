"""One boot of a guest under Vellum, step by step: hello, load, start, watch, collect, save."""

from __future__ import annotations

import platform
import time
from contextlib import ExitStack, suppress
from functools import cached_property

from vellum.errors import LinkError, RpcError, UsageError, VellumError
from vellum.link.frame import Channel
from vellum.link.messages import VERSION, HelloReply
from vellum.link.target import Stats
from vellum.run.console import Console
from vellum.run.diagnose import describe_cpus
from vellum.run.directory import RunDirectory, writing
from vellum.run.events import EventQueue, VellumReady
from vellum.run.load import plan_guest, trace_devices, upload
from vellum.run.machine import VellumMachine
from vellum.run.messages import Messages
from vellum.run.options import GuestFiles, RunOptions
from vellum.run.outcome import Outcome, RunEnded
from vellum.run.record import write_record
from vellum.run.report import Report
from vellum.run.sink import TraceSink
from vellum.run.watch import STUCK, Watch, ending
from vellum.symbols import SymbolTable, read_symbols
from vellum.trace.stat import summarize

__all__ = ["Boot", "Setting"]

READY_PATIENCE = 3.0  # seconds without `ready` before we ask; it may have been sent before us
HELLO_PATIENCE = 20.0  # seconds of asking
FLUSH_TIMEOUT = 3.0


class Setting:
    """What all boots of a run share."""

    def __init__(
        self,
        options: RunOptions,
        guest: GuestFiles,
        directory: RunDirectory,
        console: Console,
        events: EventQueue,
        messages: Messages,
    ) -> None:
        """The run begins now: --timeout counts from here."""
        self.options = options
        self.guest = guest
        self.directory = directory
        self.console = console
        self.events = events
        self.messages = messages
        self.deadline = time.monotonic() + options.timeout if options.timeout else None

    @cached_property
    def symbols(self) -> SymbolTable | None:
        """The kernel's own; None: it has none. Takes a second or two."""
        try:
            return read_symbols(self.guest.kernel.data)
        except UsageError:
            return None

    def check(self) -> None:
        """RunEnded or LinkError when something has happened that ends the run."""
        while event := self.events.get(0):
            if outcome := ending(event):
                raise RunEnded(outcome)
        if self.deadline and time.monotonic() > self.deadline:
            raise RunEnded(Outcome("timeout", 4, "the guest did not start within --timeout"))


class Boot:
    """Make it, then `start`, `watch`, `finish`, in this order."""

    def __init__(self, number: int, machine: VellumMachine, setting: Setting) -> None:
        """`number`: from 1. Waits for Vellum and loads the guest. RunEnded, or any VellumError."""
        self._number = number
        self._machine = machine
        self._target = machine.target
        self._setting = setting
        self._aside = setting.directory.aside(number)
        self._hello = self._say_hello()
        fdt = self._target.read(self._hello.fdt_address, self._hello.fdt_size)
        self._plan = plan_guest(fdt, self._hello, setting.guest, setting.options)
        upload(self._target, self._plan, setting.guest, setting.check)
        dtb = self._aside / "guest.dtb"
        with writing(dtb):
            dtb.write_bytes(self._plan.fdt)

    def start(self) -> None:
        """Begins the trace and enters the guest."""
        options, directory = self._setting.options, self._setting.directory
        self._sink = TraceSink(
            directory.boot(self._number),
            counter_hz=self._hello.counter_hz,
            env={"hostname": platform.node(), "kernel": str(options.kernel)},
            problem=self._setting.messages,
        )
        self._machine.link.handle(Channel.TRACE, self._sink.packet)
        with ExitStack() as undo:
            undo.callback(self._sink.close)
            self._target.trace_setup(self._sink.uuid, drop=options.drop)
            trace_devices(self._target, self._plan.devices)
            self._setting.check()
            self._setting.console.expect_guest(self._aside / "console.log")
            layout = self._plan.layout
            self._begin = time.monotonic()
            self._start_counter = self._target.guest_start(layout.kernel, layout.fdt)
            undo.pop_all()

    def watch(self) -> Outcome:
        """Waits for the end of the guest, or of the run. LinkError: the link broke."""
        watch = Watch(
            self._setting.events,
            self._machine.settle,
            start_timeout=self._setting.options.start_timeout,
            deadline=self._setting.deadline,
        )
        outcome = watch.until_end()
        if outcome.reason in STUCK:
            self._say_where_cpus_are()
        return outcome

    def finish(self, outcome: Outcome) -> Report:
        """Takes in what is left of the trace, ends it, and writes what belongs to it."""
        wall = time.monotonic() - self._begin
        stats = self._collect(outcome) if outcome.answers else None
        self._sink.close()
        symbols = self._setting.symbols
        if symbols:
            symbols.save(self._aside / "symbols.gz")
        write_record(
            self._aside / "run.json",
            hello=self._hello,
            options=self._setting.options,
            devices=self._plan.devices,
            symbols=symbols,
            stats=stats,
            start_counter=self._start_counter,
            outcome=outcome,
        )
        return self._report(outcome, stats, wall)

    def _say_hello(self) -> HelloReply:
        """Waits until Vellum is up; asks when it has not said so in a while."""
        until = time.monotonic() + READY_PATIENCE
        while event := self._setting.events.get(until - time.monotonic()):
            if isinstance(event, VellumReady):
                break
            if outcome := ending(event):
                raise RunEnded(outcome)
        hello = self._target.hello(patience=HELLO_PATIENCE, check=self._setting.check)
        if hello.version != VERSION:
            raise VellumError(
                f"Vellum's image speaks version {hello.version} of the link's messages, "
                f"this command {VERSION}: build it again (make)"
            )
        return hello

    def _collect(self, outcome: Outcome) -> Stats | None:
        """The rest of the trace, and the counters; None when Vellum does not tell any more."""
        try:
            # Of a guest that has stopped all has come, but perhaps not how much it had to drop.
            if not outcome.stopped or self._setting.options.drop:
                self._target.flush(FLUSH_TIMEOUT)
            return self._target.stats()
        except (LinkError, RpcError) as error:
            self._setting.messages(f"the last events may be missing from the trace: {error}")
            return None

    def _say_where_cpus_are(self) -> None:
        with suppress(LinkError, RpcError):
            cpus = self._target.cpu_state()
            for line in describe_cpus(cpus, self._plan.layout.kernel, self._setting.symbols):
                self._setting.messages(line)

    def _report(self, outcome: Outcome, stats: Stats | None, wall: float) -> Report:
        end = outcome.counter if outcome.stopped or stats is None else stats.counter
        return Report(
            directory=self._sink.directory,
            reason=outcome.reason,
            ticks=None if end is None else end - self._start_counter,
            counter_hz=self._hello.counter_hz,
            wall_seconds=wall,
            exits={name: sum(counts) for name, counts in (stats.exits if stats else {}).items()},
            devices=summarize(self._sink.directory).devices,
            trace_bytes=self._sink.bytes,
            events=self._sink.events,
            discarded=self._sink.discarded,
            missing=self._sink.missing,
            link_bytes=self._machine.link.received_bytes,
            link_problems=self._machine.link.problem_count,
        )
