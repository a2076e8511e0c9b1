"""A picture of a trace: how much was read and written, when, at each device and on each CPU.

Reads go up from a lane's middle, writes down, on one logarithmic scale for all lanes; so a single
access can be seen, and a million in one place do not hide the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from vellum.errors import UsageError
from vellum.trace.clock import NANO
from vellum.trace.density import OTHER, READ, WRITE, Density, Lane, others

__all__ = ["draw"]

MOST_LANES = 16  # of devices, and of CPUs

_WIDTH = 15.0  # inches
_LEFT, _RIGHT, _TOP, _BOTTOM, _GAP = 2.3, 1.95, 0.85, 0.6, 0.35
_DEVICE_HEIGHT, _CPU_HEIGHT = 0.46, 0.4
_DPI = 110
_OVERLAP = 1.6  # of columns, or rounding to pixels would leave gaps
_SMALLEST = 0.16  # of half a lane: what one access is high
_COLOURS = {READ: "#1f6fb4", WRITE: "#e07b1a", OTHER: "#c4262e"}
_INK, _FAINT, _STRIPE = "#24292f", "#6e7781", "#f4f6f8"
Numbers = npt.NDArray[np.float64]

_STYLE: Any = {
    "font.size": 9,
    "path.simplify": False,
    "text.parse_math": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "vellum",
    "axes.edgecolor": _FAINT,
    "text.color": _INK,
    "xtick.color": _FAINT,
    "xtick.labelcolor": _INK,
}


def draw(density: Density, title: str, path: Path) -> None:
    """Writes the picture, as SVG or PNG by its suffix. UsageError: it cannot be written."""
    with mpl.rc_context(_STYLE):
        figure = _figure(density, title)
        metadata = {"Date": None} if path.suffix.lower() == ".svg" else {}
        try:
            figure.savefig(path, dpi=_DPI, metadata=metadata)
        except OSError as error:
            raise UsageError(f"cannot write {path}: {error.strerror or error}") from None


def _figure(density: Density, title: str) -> Figure:
    devices = others(density.devices, MOST_LANES)
    cpus = others(density.cpus, MOST_LANES)
    upper, lower = len(devices) * _DEVICE_HEIGHT, len(cpus) * _CPU_HEIGHT
    height = _TOP + upper + _GAP + lower + _BOTTOM
    figure = Figure((_WIDTH, height), facecolor="white")
    width = _WIDTH - _LEFT - _RIGHT

    def axes(bottom: float, tall: float) -> Axes:
        return figure.add_axes((_LEFT / _WIDTH, bottom / height, width / _WIDTH, tall / height))

    top = _scale(devices, cpus)
    below, above = axes(_BOTTOM, lower), axes(_BOTTOM + lower + _GAP, upper)
    _lanes(above, devices, density, top)
    _lanes(below, cpus, density, top)
    above.tick_params(labelbottom=False)
    below.set_xlabel("seconds since the guest's start")
    figure.text(0.3 / _WIDTH, 1 - 0.34 / height, title, fontsize=13, weight="bold", va="center")
    figure.text(0.3 / _WIDTH, 1 - 0.62 / height, _subtitle(density), color=_FAINT, va="center")
    _legend(figure, devices, height, top)
    return figure


def _scale(*lanes: Sequence[Lane]) -> int:
    """The most of one kind in one bin."""
    return max(int(lane.counts.max()) for group in lanes for lane in group)


def _lanes(axes: Axes, lanes: Sequence[Lane], density: Density, top: int) -> None:
    begin, end = density.begin / NANO, max(density.end, density.begin + 1) / NANO
    edges = np.linspace(begin, end, lanes[0].counts.shape[1] + 1)
    for row, lane in enumerate(lanes):
        if row % 2 == 0:
            axes.axhspan(row - 0.5, row + 0.5, color=_STRIPE, linewidth=0, zorder=0)
        for way, sign in ((READ, -1), (WRITE, 1)):
            _columns(axes, edges, row, sign * _height(lane.counts[way], top), _COLOURS[way])
        odd = lane.counts[OTHER] > 0
        axes.plot(edges[:-1][odd], np.full(odd.sum(), row), "|", color=_COLOURS[OTHER], zorder=3)
    axes.hlines(range(len(lanes)), begin, end, color="#d0d7de", linewidth=0.6, zorder=1)
    _dress(axes, lanes, begin, end)


def _dress(axes: Axes, lanes: Sequence[Lane], begin: float, end: float) -> None:
    """Names, totals, the scale of time and no frame."""
    margin = (end - begin) * 0.004
    axes.set_xlim(begin - margin, end + margin)
    axes.set_ylim(len(lanes) - 0.5, -0.5)
    axes.set_yticks(range(len(lanes)), [lane.name for lane in lanes])
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(12))
    axes.ticklabel_format(axis="x", useOffset=False, style="plain")
    axes.grid(axis="x", color="#d0d7de", linewidth=0.6, zorder=0)
    axes.set_axisbelow(True)
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    for row, lane in enumerate(lanes):
        axes.annotate(
            _totals(lane), (1, row), (8, 0), ("axes fraction", "data"),
            textcoords="offset points", va="center", color=_FAINT, fontsize=8,
        )  # fmt: skip


def _columns(axes: Axes, edges: Numbers, row: int, tall: Numbers, colour: str) -> None:
    """A stroke for each column that is not empty, all of them one path.

    A stroke is never thinner than a pixel, as the sides of a polygon may be: nothing is lost.
    """
    drawn = np.flatnonzero(tall)
    middle = (edges[drawn] + edges[drawn + 1]) / 2
    gap = np.full(len(drawn), np.nan)
    x = np.stack([middle, middle, gap], axis=1).ravel()
    y = np.stack([np.full(len(drawn), row), row + tall[drawn], gap], axis=1).ravel()
    thick = (_WIDTH - _LEFT - _RIGHT) * 72 / len(tall) * _OVERLAP
    axes.plot(x, y, color=colour, linewidth=thick, solid_capstyle="butt", zorder=2)


def _height(counts: npt.NDArray[np.int64], top: int) -> Numbers:
    """Of half a lane, from nothing to nearly all of it."""
    full = np.log1p(counts) / np.log1p(max(top, 1))
    return np.where(counts > 0, _SMALLEST + (0.46 - _SMALLEST) * full, 0.0)


def _totals(lane: Lane) -> str:
    reads, writes, other = (int(number) for number in lane.counts.sum(axis=1))
    parts = [f"{reads:,} R" if reads else "", f"{writes:,} W" if writes else ""]
    return "  ".join(filter(None, [*parts, f"{other:,} other" if other else ""]))


def _subtitle(density: Density) -> str:
    events = sum(lane.events for lane in density.devices)
    span = (density.end - density.begin) / NANO
    bins = density.devices[0].counts.shape[1]
    return (
        f"{_count(events, 'event')} in {span:.6f} s, {_count(len(density.devices), 'device')}, "
        f"{_count(len(density.cpus), 'CPU')}; a column is {_duration(span / bins)}, "
        "heights are logarithmic"
    )


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _duration(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def _legend(figure: Figure, lanes: Sequence[Lane], height: float, top: int) -> None:
    texts = {READ: "reads (up)", WRITE: "writes (down)"}
    if any(lane.counts[OTHER].any() for lane in lanes):
        texts[OTHER] = "other events"
    handles = [Line2D([], [], color=_COLOURS[way], linewidth=5) for way in texts]
    figure.legend(
        handles,
        [*texts.values()],
        loc="center right",
        bbox_to_anchor=(1 - 0.3 / _WIDTH, 1 - 0.45 / height),
        ncols=len(texts),
        frameon=False,
        title=f"tallest: {top:,} in a column",
        title_fontsize=8,
        alignment="right",
    )
