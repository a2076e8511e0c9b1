"""What the trace commands share: the folder, the filters, the SVD file, and notes on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from vellum.trace.filter import Wanted

__all__ = ["directory_argument", "filters", "print_lines", "svd_option", "tell"]

_FILTERS = [
    click.option(
        "--device",
        "devices",
        multiple=True,
        metavar="DEVICE",
        help="Only this device, named as for `vellum run --trace`.",
    ),
    click.option(
        "--register",
        "registers",
        multiple=True,
        metavar="NAME",
        help="Only this register: a name, DEVICE.NAME, or a glob such as 'GICD_I*'.",
    ),
    click.option(
        "--cpu",
        "cpus",
        multiple=True,
        type=click.IntRange(0),
        metavar="N",
        help="Only events of this CPU.",
    ),
    click.option(
        "--time",
        metavar="FROM..TO",
        help="Only between these times, in seconds as `show` prints them; one may be left out.",
    ),
    click.option(
        "--symbol",
        "symbols",
        multiple=True,
        metavar="GLOB",
        help="Only where the guest's PC was in such a function.",
    ),
    click.option("--read", is_flag=True, help="Only reads (with --write: and writes)."),
    click.option("--write", is_flag=True, help="Only writes."),
]

svd_option = click.option(
    "--svd",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A CMSIS-SVD file with names of registers and fields.",
)


def directory_argument(name: str = "directory", metavar: str = "DIR") -> Callable[..., Any]:
    """A trace's folder."""
    return click.argument(name, metavar=metavar, type=click.Path(path_type=Path))


def filters(function: Callable[..., Any]) -> Callable[..., Any]:
    """The filter options, given to `function` as one argument `wanted`. Each may be repeated."""

    @wraps(function)
    def with_wanted(
        *arguments: Any,
        devices: tuple[str, ...],
        registers: tuple[str, ...],
        cpus: tuple[int, ...],
        time: str | None,
        symbols: tuple[str, ...],
        read: bool,
        write: bool,
        **others: Any,
    ) -> Any:
        wanted = Wanted(devices, registers, cpus, time, symbols, read, write)
        return function(*arguments, wanted=wanted, **others)

    decorated: Callable[..., Any] = with_wanted
    for option in reversed(_FILTERS):
        decorated = option(decorated)
    return decorated


def print_lines(chunks: Iterable[list[str]]) -> None:
    """Many lines at a time: rich or click would take longer than the decoding."""
    for lines in chunks:
        if lines:
            sys.stdout.write("\n".join(lines) + "\n")


def tell(notes: Iterable[str]) -> None:
    """Notes for the user, behind all output."""
    sys.stdout.flush()
    for note in notes:
        print(f"vellum: note: {note}", file=sys.stderr)
