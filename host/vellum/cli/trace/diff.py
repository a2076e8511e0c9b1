"""`vellum trace diff`: what a driver did differently in two boots."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import chain
from pathlib import Path

import click

from vellum.cli.trace.options import directory_argument, filters, print_lines, svd_option, tell
from vellum.errors import UsageError
from vellum.trace.clock import NANO
from vellum.trace.diff import DeviceDiff, Hunk, Line, compare
from vellum.trace.filter import Wanted, check_register
from vellum.trace.source import Source, open_source

__all__ = ["command"]

SAME, DIFFERENT, TROUBLE = 0, 1, 2
_COLOURS = {"-": "\x1b[31m", "+": "\x1b[32m", "@": "\x1b[36m"}
_PLAIN = "\x1b[0m"

_EPILOG = """\b
Exit status: 0 the same; 1 different; 2 trouble, and when all that is there is the same but events
are lost.
"""


@click.command("diff", epilog=_EPILOG)
@directory_argument("a", "A")
@directory_argument("b", "B")
@filters
@svd_option
@click.option(
    "--ignore-values",
    "ignored",
    multiple=True,
    metavar="REGISTER",
    help="Values of this register differ by nature (an address, a time): compare only that it is "
    "read or written. As for --register.",
)
@click.option(
    "--context",
    type=click.IntRange(0),
    default=3,
    show_default=True,
    metavar="N",
    help="Equal steps around each difference.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(
    a: Path,
    b: Path,
    wanted: Wanted,
    svd: Path | None,
    ignored: tuple[str, ...],
    context: int,
    as_json: bool,
) -> int:
    """Compare what two boots, A and B, did to each device.

    A line is a step: R or W and how many bytes, register, value, its fields, how often in a run,
    where the guest's PC was. A run of identical reads is one step, as often as it may be; times and
    CPUs are not compared.
    """
    try:
        sources = open_source(a, wanted, svd), open_source(b, wanted, svd)
        for spec in ignored:
            check_register(spec, *(source.names for source in sources))
        found = list(compare(*sources, ignored, context))
    except OSError as error:
        raise UsageError(f"cannot compare {a} and {b}: {error.strerror or error}") from None
    if as_json:
        print(json.dumps(_as_json(a, b, found), indent=1))
    else:
        print_lines([_coloured(_text(a, b, found))])
    lost = [f"{path}: {note}" for path, source in zip((a, b), sources, strict=True)
            for note in _notes(source)]  # fmt: skip
    tell(lost)
    if not all(one.same for one in found):
        return DIFFERENT
    return TROUBLE if any(True for source in sources for _ in source.lost()) else SAME


def _notes(source: Source) -> Iterator[str]:
    return chain(source.context.notes, source.lost())


def _text(a: Path, b: Path, found: Sequence[DeviceDiff]) -> Iterator[str]:
    different = [one for one in found if not one.same]
    if not different:
        return
    yield f"--- {a}"
    yield f"+++ {b}"
    for one in different:
        accesses, steps = one.accesses, one.steps
        yield ""
        yield (
            f"{one.device}: {accesses[0]:,} accesses in {steps[0]:,} steps, "
            f"{accesses[1]:,} in {steps[1]:,}; {len(one.hunks):,} places differ"
        )
        for hunk in one.hunks:
            yield _head(hunk)
            yield from map(_line, hunk.lines)
    yield ""
    yield f"{len(different)} of {len(found)} devices differ"


def _head(hunk: Hunk) -> str:
    times = [
        _seconds(next((line.nanoseconds for line in hunk.lines if line.mark in marks), None))
        for marks in ("- ", "+")
    ]
    a = f"-{hunk.a_start + 1},{hunk.a_count}"
    b = f"+{hunk.b_start + 1},{hunk.b_count}"
    return f"@@ {a} {b} @@ A {times[0]}, B {times[1]}"


def _seconds(nanoseconds: int | None) -> str:
    return "-" if nanoseconds is None else f"{nanoseconds / NANO:.9f} s"


def _line(line: Line) -> str:
    step = line.step
    value = "" if step.value is None else f"0x{step.value:0{2 * step.size}x}"
    run = "" if line.counts[0] == 1 else f"x{line.counts[0]}"
    if len(set(line.counts)) > 1:
        run = f"x{line.counts[0]} (B: x{line.counts[1]})"
    text = f"{line.mark} {step.way:<3} {step.register:<26} {value:<10} {step.fields:<28} {run:<6}"
    return f"{text} {line.pc}".rstrip()


def _coloured(lines: Iterator[str]) -> list[str]:
    if not sys.stdout.isatty():
        return list(lines)
    return [
        f"{_COLOURS[line[0]]}{line}{_PLAIN}" if line[:1] in _COLOURS else line for line in lines
    ]


def _as_json(a: Path, b: Path, found: Sequence[DeviceDiff]) -> dict[str, object]:
    return {
        "a": str(a),
        "b": str(b),
        "same": all(one.same for one in found),
        "devices": [{"same": one.same, **asdict(one)} for one in found],
    }
