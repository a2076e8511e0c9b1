"""`vellum trace stat`: a trace summed up, for people or for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from vellum.cli.trace.options import directory_argument, filters, svd_option, tell
from vellum.trace.filter import Wanted
from vellum.trace.source import open_source
from vellum.trace.stat import Stat, summarize_source

__all__ = ["command"]


@click.command("stat")
@directory_argument()
@filters
@svd_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(directory: Path, wanted: Wanted, svd: Path | None, as_json: bool) -> None:
    """Sum DIR up: events by device and register, by kind and CPU, bytes, and what is lost."""
    source = open_source(directory, wanted, svd)
    stat = summarize_source(source)
    if as_json:
        print(json.dumps(_as_json(stat), indent=1))
        return
    console = Console(highlight=False)
    console.print(_overview(stat))
    if stat.devices:
        console.print()
        console.print(_devices(stat))
    tell([*source.context.notes, *map(str, stat.damage)])


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
    whole = " in the whole trace" if stat.filtered else ""
    table.add_row("bytes", f"{stat.bytes:,}{whole}{per_event}")
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
