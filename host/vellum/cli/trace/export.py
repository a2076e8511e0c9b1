"""`vellum trace export`: a trace in a format that other programs read."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click

from vellum.cli.trace.options import directory_argument, filters, svd_option, tell
from vellum.errors import UsageError
from vellum.trace.export import FORMATS
from vellum.trace.filter import Wanted
from vellum.trace.source import open_source

__all__ = ["command"]

_STDOUT = "-"


@click.command("export")
@directory_argument()
@click.option(
    "--format",
    "kind",
    type=click.Choice(list(FORMATS)),
    required=True,
    help="csv and jsonl: a line an event; perfetto: for ui.perfetto.dev; vcd: for GTKWave.",
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="What to write; - is stdout.",
)
@filters
@svd_option
def command(directory: Path, kind: str, output: str, wanted: Wanted, svd: Path | None) -> None:
    """Write DIR's events in a format of other programs."""
    source = open_source(directory, wanted, svd)
    with _opened(output) as file:
        FORMATS[kind](source, file)
    tell([*source.context.notes, *source.lost()])


@contextmanager
def _opened(output: str) -> Iterator[TextIO]:
    """The file; of one that cannot be written whole, nothing is told but the reason."""
    if output == _STDOUT:
        yield sys.stdout
        return
    try:
        with Path(output).open("w", encoding="utf-8", newline="") as file:
            yield file
    except OSError as error:
        raise UsageError(f"cannot write {output}: {error.strerror or error}") from None
