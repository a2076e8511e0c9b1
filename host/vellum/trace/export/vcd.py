"""A trace as a value change dump (IEEE 1364-2005, section 18) for waveform viewers.

Each device is a module. A register has a vector with the value last read or written, and two
variables of the kind `event` that fire at each read and each write, as a value may stay the same.
The variables are declared before the first change, so the trace is read twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

from vcd import VCDWriter
from vcd.writer import Variable

from vellum.trace.rows import Row, rows
from vellum.trace.source import Source

__all__ = ["write_vcd"]


@dataclass(frozen=True, slots=True)
class _Signals:
    value: Variable[int]
    read: Variable[bool]
    write: Variable[bool]


def write_vcd(source: Source, file: TextIO) -> None:
    """Accesses only. The time unit is 1 ns; zero is the guest's start, or what came before it.

    A time that goes back, as one may in a damaged trace, is taken for the latest so far.
    """
    sizes: dict[tuple[str, str], int] = {}
    first = 0
    for row, key in _accesses(source):
        first = min(first, row.nanoseconds)
        sizes[key] = max(sizes.get(key, 0), row.size or 0)
    latest = 0
    with VCDWriter(file, timescale="1 ns", comment="times since the guest's start") as writer:
        signals = {key: _declare(writer, key, size) for key, size in sizes.items()}
        for row, key in _accesses(source):
            time = latest = max(row.nanoseconds - first, latest)
            one = signals[key]
            writer.change(one.value, time, row.value or 0)
            writer.change(one.write if row.access == "write" else one.read, time, True)


def _accesses(source: Source) -> Iterator[tuple[Row, tuple[str, str]]]:
    """Accesses, with device and register as VCD can call them."""
    for row in rows(source):
        if row.access and row.device and row.register:
            yield row, (_word(row.device), _word(row.register))


def _word(name: str) -> str:
    """Spaces end a name, dots part the levels of a hierarchy, brackets choose bits."""
    return re.sub(r"[^\w@+-]", "_", name)


def _declare(writer: VCDWriter, key: tuple[str, str], size: int) -> _Signals:
    device, register = key
    return _Signals(
        writer.register_var(device, register, "reg", size=8 * size),
        writer.register_var(device, f"{register}_read", "event"),
        writer.register_var(device, f"{register}_write", "event"),
    )
