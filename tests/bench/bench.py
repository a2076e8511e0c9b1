"""`make bench`: what Vellum costs in instructions, beside the same without it; the host's speed.

Prints a table and writes build/bench.json: metric name to {value, unit, bare, limit}. Exit status 1
when a limit is missed or a run fails.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from metrics import METRICS, Boots, Figure
from rich.console import Console
from rich.table import Table
from runs import TREE, BenchError

RESULT = TREE / "build/bench.json"
PIPE_WIDTH = 100  # of lines that no terminal bounds


def main() -> int:
    """Measures what was asked for; the exit status."""
    options = _arguments()
    figures: dict[str, Figure] = {}
    failures: dict[str, str] = {}
    progress = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="vellum-bench-") as name:
        folder = Path(name)
        boots = Boots(folder)
        for metric in options.only or METRICS:
            with progress.status(f"measuring {metric}"):
                try:
                    figures[metric] = METRICS[metric](boots, folder)
                except BenchError as error:
                    failures[metric] = str(error)
    result = {name: _as_json(figure) for name, figure in figures.items()}
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    if options.json:
        print(json.dumps(result, indent=1))
    elif figures:
        _print_table(figures)
    return _judge(figures, failures)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("only", nargs="*", metavar="METRIC", help=f"some of {', '.join(METRICS)}")
    parser.add_argument("--json", action="store_true", help="what is written, on stdout")
    options = parser.parse_args()
    for name in options.only:
        if name not in METRICS:
            parser.error(f"no metric {name}: there are {', '.join(METRICS)}")
    return options


def _as_json(figure: Figure) -> dict[str, float | str]:
    return {
        "value": round(figure.value, 6),
        "unit": figure.unit,
        "bare": round(figure.bare, 6),
        "limit": figure.limit,
    }


def _print_table(figures: dict[str, Figure]) -> None:
    table = Table("metric", box=None)
    for title in ("value", "limit", "bare"):
        table.add_column(title, justify="right")
    table.add_column("unit")
    for name, figure in figures.items():
        digits = 5 if figure.unit == "x" else 0 if figure.at_least else 1
        value = f"{figure.value:,.{digits}f}"
        limit = f">= {figure.limit:,.0f}" if figure.at_least else f"<= {figure.limit:g}"
        style = "green" if figure.good else "red"
        bare = f"{figure.bare:,.0f}" if figure.bare > 1000 else f"{figure.bare:.1f}"
        unit = "x bare instructions" if figure.unit == "x" else figure.unit
        table.add_row(name, f"[{style}]{value}[/]", limit, bare, unit)
    Console(width=None if sys.stdout.isatty() else PIPE_WIDTH).print(table)


def _judge(figures: dict[str, Figure], failures: dict[str, str]) -> int:
    lines = [f"{name}: {words}" for name, words in failures.items()]
    for name, figure in figures.items():
        if not figure.within:
            side = "below" if figure.at_least else "above"
            lines.append(f"{name}: {figure.value:.6g} {figure.unit} is {side} {figure.limit:g}")
        if figure.problem:
            lines.append(f"{name}: {figure.problem}")
    for line in lines:
        print(f"bench: {line}", file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
