"""Puts a guest into a machine's memory: where, what it is told, then the bytes themselves."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console as RichConsole
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from vellum.boot.fdt import GuestOptions, VellumParts, edit_fdt, free_ram
from vellum.boot.layout import Layout, Range, plan
from vellum.devices import Device, list_devices, select_all
from vellum.errors import RpcError, UsageError, VellumError
from vellum.link.messages import FeatureFlag, HelloReply
from vellum.link.target import Target
from vellum.run.options import GuestFiles, RunOptions

__all__ = ["GuestPlan", "plan_guest", "trace_devices", "upload"]


@dataclass(frozen=True)
class GuestPlan:
    """A guest as it will be started."""

    layout: Layout
    fdt: bytes
    devices: Sequence[Device]  # to be traced


def plan_guest(fdt: bytes, hello: HelloReply, guest: GuestFiles, options: RunOptions) -> GuestPlan:
    """Decides everything about the guest, from the machine's device tree `fdt`."""
    vellum = Range(hello.vellum_base, hello.vellum_base + hello.vellum_size)
    layout = plan(free_ram(fdt, vellum), guest.kernel, len(guest.initrd))
    console = hello.console_intid if hello.features & FeatureFlag.PL011_LINK else 0
    parts = VellumParts(vellum, hello.link_base, console)
    told = GuestOptions(options.append, layout.initrd, options.random)
    edited = edit_fdt(fdt, parts, told)
    devices = select_all(list_devices(edited), options.trace) if options.trace else []
    _check_apart(devices, vellum)
    return GuestPlan(layout, edited, devices)


def _check_apart(devices: Sequence[Device], vellum: Range) -> None:
    """UsageError: a range to be traced is in Vellum's memory, which is no part of the guest's."""
    for device in devices:
        for start, size in device.ranges:
            if start < vellum.end and vellum.start < start + size:
                raise UsageError(
                    f"`{device.name}` is Vellum's own memory, which cannot be traced: see "
                    "`vellum devices`"
                )


def upload(target: Target, plan: GuestPlan, guest: GuestFiles, check: Callable[[], None]) -> None:
    """Writes kernel, initrd and device tree; `check` is called now and then and may raise."""
    pieces = [(plan.layout.kernel, guest.kernel.data), (plan.layout.fdt, plan.fdt)]
    if plan.layout.initrd:
        pieces.append((plan.layout.initrd.start, guest.initrd))
    with _progress() as progress:
        task = progress.add_task("upload", total=sum(len(data) for _, data in pieces))
        before = 0
        for address, data in pieces:

            def step(done: int, before: int = before) -> None:
                check()
                progress.update(task, completed=before + done)

            target.write(address, data, step)
            before += len(data)


def trace_devices(target: Target, devices: Sequence[Device]) -> None:
    """Has Vellum trace every range of `devices`."""
    for device in devices:
        for start, size in device.ranges:
            try:
                target.trace_region(start, size, ram=device.ram)
            except RpcError as error:
                where = f"{device.name} ({start:#x}, {size:#x} bytes)"
                raise VellumError(f"{where} cannot be traced: {error}") from None


def _progress() -> Progress:
    """A bar on stderr while it lasts; nothing where that is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    return Progress(
        *columns,
        TransferSpeedColumn(),
        console=RichConsole(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
