"""Traces in formats of other programs; each is a function that writes a Source to a text file."""

from __future__ import annotations

from collections.abc import Callable
from typing import TextIO

from vellum.trace.export.perfetto import write_perfetto
from vellum.trace.export.tables import write_csv, write_jsonl
from vellum.trace.export.vcd import write_vcd
from vellum.trace.source import Source

__all__ = ["FORMATS"]

FORMATS: dict[str, Callable[[Source, TextIO], None]] = {
    "csv": write_csv,
    "jsonl": write_jsonl,
    "perfetto": write_perfetto,
    "vcd": write_vcd,
}
