"""`vellum trace show`: the events of a trace as lines."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from vellum.cli.trace.options import directory_argument, filters, print_lines, svd_option, tell
from vellum.trace.decode import Block
from vellum.trace.filter import Wanted
from vellum.trace.show import show, show_raw
from vellum.trace.source import open_source

__all__ = ["command"]


@click.command("show")
@directory_argument()
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Stop after N events.")
@filters
@svd_option
@click.option("--raw", is_flag=True, help="Numbers only, times in ticks of the counter.")
def command(
    directory: Path, limit: int | None, wanted: Wanted, svd: Path | None, raw: bool
) -> None:
    """Print the events of DIR, a line each.

    \b
    The columns: seconds since the guest's start, since the line before, CPU, R or W and how many
    bytes, device and register, value, its fields, where the guest's PC was.
    """
    source = open_source(directory, wanted, svd)
    blocks = _first(source.blocks(), limit)
    if raw:
        print_lines(show_raw(blocks))
    else:
        print_lines(show(blocks, source.names, source.clock, colour=sys.stdout.isatty()))
    tell([*([] if raw else source.context.notes), *source.lost()])


def _first(blocks: Iterator[Block], limit: int | None) -> Iterator[Block]:
    """The first `limit` events, or all."""
    for block in blocks:
        if limit is not None and len(block) >= limit:
            yield block.sorted(slice(limit))
            return
        yield block
        limit = None if limit is None else limit - len(block)
