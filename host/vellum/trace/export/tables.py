"""A trace as CSV (RFC 4180, with a header) or as JSON lines: one event a row, the same columns.

Times are seconds since the guest's start, exact to the nanosecond. Addresses and values are
hexadecimal in CSV, for people, and numbers in JSON. `others` has the event's fields that have no
column.
"""

from __future__ import annotations

import csv
import json
from typing import TextIO

from vellum.trace.rows import Row, rows, seconds
from vellum.trace.source import Source

__all__ = ["COLUMNS", "write_csv", "write_jsonl"]

COLUMNS = ("seconds", *Row._fields[1:])
_HEX = frozenset({"address", "value", "pc"})


def write_csv(source: Source, file: TextIO) -> None:
    """A line for each event; what it does not have is empty."""
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    hexadecimal = [column in _HEX for column in COLUMNS]
    for row in rows(source):
        others = " ".join(f"{name}={value:#x}" for name, value in row.others.items())
        texts = [seconds(row.nanoseconds), *row[1:-1], others]
        writer.writerow(
            f"{text:#x}" if in_hex and text is not None else text
            for text, in_hex in zip(texts, hexadecimal, strict=True)
        )


def write_jsonl(source: Source, file: TextIO) -> None:
    """An object for each event; what it does not have is left out."""
    encode = json.JSONEncoder(separators=(",", ":")).encode
    for row in rows(source):
        pairs = zip(COLUMNS[1:-1], row[1:-1], strict=True)
        found = {name: value for name, value in pairs if value is not None} | row.others
        # Put in as text: a float of this many digits would not be exact.
        file.write(f'{{"seconds":{seconds(row.nanoseconds)},{encode(found)[1:]}\n')
