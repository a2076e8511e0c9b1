"""`vellum trace`: a trace as lines with names, or summed up."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from vellum.devices import Device, select
from vellum.trace.context import load_context
from vellum.trace.events import EVENTS
from vellum.trace.names import Names
from vellum.trace.reader import Event, Trace, open_trace
from vellum.trace.show import show, show_raw
from vellum.trace.stat import Stat, summarize

__all__ = ["trace"]

_WITH_ADDRESS = {event.id for event in EVENTS if event.fields[1] == "addr"}
_LINES_AT_ONCE = 512


@click.group()
def trace() -> None:
    """Read a trace that `vellum run` wrote. babeltrace2 reads it too."""


@trace.command("show")
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Stop after N events.")
@click.option(
    "--device", metavar="DEVICE", help="Only this one, named as for `vellum run --trace`."
)
@click.option("--cpu", type=click.IntRange(0), metavar="N", help="Only events of this CPU.")
@click.option("--raw", is_flag=True, help="Numbers only, times in ticks of the counter.")
def show_command(
    directory: Path, limit: int | None, device: str | None, cpu: int | None, raw: bool
) -> None:
    """Print the events of DIR, a line each.

    \b
    The columns: seconds since the guest's start, since the line before, CPU, R or W and how many
    bytes, device and register, value, its fields, where the guest's PC was.
    """
    opened = open_trace(directory)
    context = load_context(directory)
    events = opened.events(cpu)
    if device is not None:
        events = _only(events, select(context.devices, device))
    events = islice(events, limit)
    if raw:
        lines = show_raw(events)
    else:
        names = Names(context.devices, context.symbols)
        colour = sys.stdout.isatty()
        lines = show(events, names, opened.counter_hz, context.start, colour=colour)
    _print(lines)
    _tell([*([] if raw else context.notes), *_lost(opened)])


@trace.command("stat")
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def stat_command(directory: Path, as_json: bool) -> None:
    """Sum DIR up: events by device and register, by kind and CPU, bytes, and what is lost."""
    stat = summarize(directory)
    if as_json:
        print(json.dumps(_as_json(stat), indent=1))
        return
    console = Console(highlight=False)
    console.print(_overview(stat))
    if stat.devices:
        console.print()
        console.print(_devices(stat))
    _tell(str(damage) for damage in stat.damage)


def _only(events: Iterable[Event], devices: Sequence[Device]) -> Iterator[Event]:
    """Events whose address is in one of `devices`."""
    ranges = [range(start, start + size) for device in devices for start, size in device.ranges]
    wanted: dict[int, bool] = {}
    for event in events:
        if event.type_id in _WITH_ADDRESS:
            address = event.values[2]
            if address not in wanted:
                wanted[address] = any(address in one for one in ranges)
            if wanted[address]:
                yield event


def _print(lines: Iterator[str]) -> None:
    """Many lines at a time: rich or click would take longer than the decoding."""
    while chunk := list(islice(lines, _LINES_AT_ONCE)):
        sys.stdout.write("\n".join(chunk) + "\n")


def _lost(opened: Trace) -> Iterator[str]:
    """What the events read so far do not tell."""
    for cpu, stream in sorted(opened.streams.items()):
        if stream.discarded:
            yield f"CPU {cpu}: {stream.discarded:,} events were dropped, as the host was slow"
        if stream.missing:
            yield f"CPU {cpu}: {stream.missing:,} packets are missing"
    yield from map(str, opened.damage)


def _tell(notes: Iterable[str]) -> None:
    sys.stdout.flush()
    for note in notes:
        print(f"vellum: note: {note}", file=sys.stderr)


def _as_json(stat: Stat) -> dict[str, Any]:
    names = ("events", "bytes", "bytes_per_event", "seconds", "discarded", "missing")
    return {
        **asdict(stat),
        "directory": str(stat.directory),
        **{name: getattr(stat, name) for name in names},
    }


def _overview(stat: Stat) -> Table:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column()
    per_event = f", {stat.bytes_per_event:.2f} an event" if stat.bytes_per_event else ""
    table.add_row("events", f"{stat.events:,} in {stat.seconds:.6f} s")
    for name, count in stat.types.items():
        table.add_row("", f"{count:,} {name}")
    table.add_row("bytes", f"{stat.bytes:,}{per_event}")
    packets = sum(cpu.packets for cpu in stat.cpus)
    table.add_row("packets", f"{packets:,}")
    for cpu in stat.cpus:
        table.add_row(
            f"cpu{cpu.cpu}", f"{cpu.events:,} events, {cpu.packets:,} packets, {cpu.bytes:,} bytes"
        )
    table.add_row("lost", _loss(stat))
    return table


def _loss(stat: Stat) -> str:
    parts = []
    if stat.discarded:
        parts.append(f"{stat.discarded:,} events dropped, as the host was slow")
    if stat.missing:
        parts.append(f"{stat.missing:,} packets missing")
    if stat.damage:
        parts.append(f"{sum(d.size for d in stat.damage):,} bytes damaged")
    return ", ".join(parts) or "nothing"


def _devices(stat: Stat) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("device")
    table.add_column("register")
    for name in ("reads", "writes", "other"):
        table.add_column(name, justify="right")
    for device in stat.devices:
        table.add_row(
            device.name, "", *_numbers(device.reads, device.writes, device.other), style="bold"
        )
        for one in device.registers:
            table.add_row("", one.name, *_numbers(one.reads, one.writes, one.other))
    return table


def _numbers(*numbers: int) -> list[str]:
    return [f"{number:,}" if number else "" for number in numbers]
