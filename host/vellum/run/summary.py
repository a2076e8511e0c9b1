"""What the user is told at the end of a run: a table for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from vellum.run.outcome import Outcome
from vellum.run.report import Report

__all__ = ["print_json", "print_summary"]

MOST_DEVICES = 10  # by name in the table; the JSON has all


class _Output(Console):
    """Standard output; the base would end the process when nobody reads it."""

    def on_broken_pipe(self) -> None:
        """Lets the command's main decide."""
        raise BrokenPipeError


def print_summary(reports: Sequence[Report]) -> None:
    """A table on stdout for each boot."""
    console = _Output(highlight=False)
    for number, report in enumerate(reports, 1):
        table = Table(show_header=False, box=None, pad_edge=False)
        table.add_column(style="bold")
        table.add_column(overflow="fold")
        for name, text in _rows(report):
            table.add_row(name, text)
        title = "Summary" if len(reports) == 1 else f"Summary of boot {number}"
        console.print(f"\n[bold]{title}[/bold]")
        console.print(table)


def print_json(reports: Sequence[Report], outcome: Outcome) -> None:
    """One object on stdout."""
    boots = [_as_json(report) for report in reports]
    result = {"reason": outcome.reason, "status": outcome.status, "message": outcome.message}
    print(json.dumps({**result, "boots": boots}, indent=1))


def _as_json(report: Report) -> dict[str, Any]:
    return {
        **asdict(report),
        "directory": str(report.directory),
        "devices": [
            {"name": d.name, "reads": d.reads, "writes": d.writes, "other": d.other}
            for d in report.devices
        ],
        "guest_seconds": report.guest_seconds,
    }


def _rows(report: Report) -> list[tuple[str, str]]:
    rows = [("ended by", report.reason.replace("_", " ")), ("boot time", _time(report))]
    exits = sorted(report.exits.items(), key=lambda item: -item[1])
    told = [f"{name} {count:,}" for name, count in exits if count]
    rows.append(("exits", ", ".join(told) if told else "none"))
    for device in report.devices[:MOST_DEVICES]:
        other = f", {device.other:,} other" if device.other else ""
        rows.append((device.name, f"{device.reads:,} reads, {device.writes:,} writes{other}"))
    if rest := report.devices[MOST_DEVICES:]:
        accesses = sum(device.events for device in rest)
        rows.append((f"{len(rest)} more devices", f"{accesses:,} accesses (vellum trace stat)"))
    rows.append(("trace", f"{report.events:,} events, {report.trace_bytes:,} bytes"))
    rows.append(("lost", _lost(report)))
    rows.append(("in", str(report.directory)))
    return rows


def _time(report: Report) -> str:
    wall = f"{report.wall_seconds:.2f} s of wall time"
    if report.ticks is None or report.guest_seconds is None:
        return wall
    return f"{report.guest_seconds:.3f} s of the guest's ({report.ticks:,} ticks), {wall}"


def _lost(report: Report) -> str:
    lost = []
    if report.discarded:
        lost.append(f"{report.discarded:,} events dropped (the host was slow)")
    if report.missing:
        lost.append(f"{report.missing:,} packets missing")
    if report.link_problems:
        lost.append(f"{report.link_problems:,} problems on the link (see vellum/messages.log)")
    return ", ".join(lost) if lost else "nothing"
