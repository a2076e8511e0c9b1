"""A running guest that a test talks to over the link, beside the command's own session."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from guest import ROOT
from vellum.link.frame import Channel
from vellum.link.link import Link
from vellum.link.messages import GuestStopEvent, Message
from vellum.link.rpc import Rpc
from vellum.link.target import Target
from vellum.link.transport import SocketTransport
from vellum.qemu.command import MachineOptions, vellum_command
from vellum.qemu.process import QemuProcess, socket_pair
from vellum.run.load import plan_guest, upload
from vellum.run.options import RunOptions, read_guest
from vellum.trace.writer import TraceWriter

TRACE = UUID("00112233-4455-6677-8899-aabbccddeeff")


class Live:
    """A guest under Vellum: `target` for calls, `stopped` set when it has turned itself off."""

    def __init__(self, target: Target, stopped: threading.Event) -> None:
        self.target = target
        self.stopped = stopped


@contextmanager
def live_guest(
    name: str, append: str, smp: int, trace: Path, qemu: Sequence[str] = ()
) -> Iterator[Live]:
    """Boots payload `name`; nothing is traced yet. Its trace goes to the folder `trace`."""
    options = RunOptions(
        kernel=ROOT / f"build/payloads/{name}.img",
        output=trace,
        append=append,
        machine=MachineOptions(smp=smp, memory=256 << 20, extra=tuple(qemu)),
    )
    trace.mkdir()
    ours, theirs = socket_pair()
    console, its_console = socket_pair()
    command = vellum_command(
        "qemu-system-aarch64",
        options.machine,
        ROOT / "build/vellum.img",
        its_console.fileno(),
        theirs.fileno(),
    )
    process = QemuProcess(
        command, [theirs.fileno(), its_console.fileno()], trace.with_suffix(".qemu.log")
    )
    theirs.close()
    its_console.close()
    link = Link(SocketTransport(ours))
    target = Target(Rpc(link))
    stopped = threading.Event()

    def on_event(message: Message) -> None:
        if isinstance(message, GuestStopEvent):
            stopped.set()

    target.rpc.on_event = on_event
    link.start()
    try:
        guest = read_guest(options)
        hello = target.hello(patience=20.0, check=lambda: None)
        fdt = target.read(hello.fdt_address, hello.fdt_size)
        plan = plan_guest(fdt, hello, guest, options)
        upload(target, plan, guest, lambda: None)
        writer = TraceWriter(trace, uuid=TRACE, counter_hz=hello.counter_hz, env={})
        link.handle(Channel.TRACE, lambda packet: writer.packet(packet) and None)
        target.trace_setup(TRACE, drop=False)
        target.guest_start(plan.layout.kernel, plan.layout.fdt)
        yield Live(target, stopped)
        target.machine_off()
        process.wait(5)
        writer.close()
    finally:
        process.stop()
        link.close()
        console.close()
