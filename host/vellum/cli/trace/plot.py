"""`vellum trace plot`: a timeline of a trace as a picture."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from vellum.cli.trace.options import directory_argument, filters, svd_option, tell
from vellum.errors import UsageError
from vellum.trace.density import measure
from vellum.trace.filter import Wanted
from vellum.trace.source import open_source

__all__ = ["command"]

_COLUMNS = 1200  # of the picture: about its width in pixels
_SUFFIXES = (".svg", ".png")


@click.command("plot")
@directory_argument()
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The picture: its name ends with .svg or .png.",
)
@filters
@svd_option
def command(directory: Path, output: Path, wanted: Wanted, svd: Path | None) -> None:
    """Draw when DIR's accesses were made, a lane for each device and each CPU."""
    if output.suffix.lower() not in _SUFFIXES:
        raise UsageError(f"{output} is no picture's name: let it end with {' or '.join(_SUFFIXES)}")
    source = open_source(directory, wanted, svd)
    density = measure(source, _COLUMNS)
    if density is None:
        raise UsageError(f"there is nothing to draw: no event of {directory} is wanted")
    # matplotlib takes a while to import, and tells of its cache as it is imported.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    from vellum.trace.plot import draw

    draw(density, f"Accesses in {directory.resolve().name}", output)
    tell([*source.context.notes, *source.lost()])
