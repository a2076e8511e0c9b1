"""A trace for ui.perfetto.dev, in the Trace Event Format that it and Chrome read.

Each device is a process and each CPU that used it a thread of it, so that the viewer has a track
for each; an access is an instant event named by its register.
Format: "Trace Event Format" by Google (the document that Perfetto's docs point to): the JSON Object
Format, phases `i` (instant) and `M` (metadata: process_name, thread_name).
"""

from __future__ import annotations

import json
from typing import Any, TextIO

from vellum.trace.rows import Row, rows
from vellum.trace.source import Source

__all__ = ["write_perfetto"]

_CPUS = "CPUs"  # the process of events that belong to no device


def write_perfetto(source: Source, file: TextIO) -> None:
    """One JSON object. Timestamps are microseconds with three decimals."""
    encode = json.JSONEncoder(separators=(",", ":")).encode
    processes: dict[str, int] = {}
    threads: set[tuple[int, int]] = set()
    file.write('{"displayTimeUnit":"ns","traceEvents":[')
    comma = "\n"
    for row in rows(source):
        device = row.device or _CPUS
        pid = processes.get(device)
        if pid is None:
            pid = processes[device] = len(processes) + 1
            file.write(comma + encode(_metadata("process_name", pid, None, device)))
            comma = ",\n"
        if (pid, row.cpu) not in threads:
            threads.add((pid, row.cpu))
            file.write(comma + encode(_metadata("thread_name", pid, row.cpu, f"cpu{row.cpu}")))
        event = {"name": _name(row), "cat": row.access or row.event, "ph": "i", "s": "t",
                 "pid": pid, "tid": row.cpu, "args": _arguments(row)}  # fmt: skip
        file.write(f'{comma}{{"ts":{_microseconds(row.nanoseconds)},{encode(event)[1:]}')
    file.write("\n]}\n")


def _name(row: Row) -> str:
    if row.access is None:
        return f"{row.event} {row.register or ''}".rstrip()
    return f"{row.access[0].upper()}{row.size} {row.register}"


def _arguments(row: Row) -> dict[str, str]:
    """What the viewer shows of an event that is chosen."""
    numbers = {"value": row.value, "address": row.address, "pc": row.pc, **row.others}
    found = {name: f"{number:#x}" for name, number in numbers.items() if number is not None}
    texts = {"fields": row.fields, "symbol": row.symbol}
    return found | {name: text for name, text in texts.items() if text}


def _metadata(kind: str, pid: int, tid: int | None, name: str) -> dict[str, Any]:
    thread = {} if tid is None else {"tid": tid}
    return {"name": kind, "ph": "M", "pid": pid, **thread, "args": {"name": name}}


def _microseconds(nanoseconds: int) -> str:
    sign = "-" if nanoseconds < 0 else ""
    whole, part = divmod(abs(nanoseconds), 1000)
    return f"{sign}{whole}.{part:03}"
