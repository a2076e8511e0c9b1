"""Traces as babeltrace2 reads them: the tests' truth."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

_LINE = re.compile(r"\[(\d+)\] (?:.* )?(\w+): \{ cpu_id = (\d+),[^}]*\}, \{ (.*) \}")


class Seen(NamedTuple):
    time: int
    name: str
    cpu: int
    fields: dict[str, int]


def babeltrace(directory: Path) -> list[Seen]:
    """Every event, in babeltrace2's order."""
    done = subprocess.run(
        ["babeltrace2", "--clock-cycles", "--no-delta", str(directory)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found = []
    for text in done.stdout.splitlines():
        match = _LINE.fullmatch(text)
        assert match, text
        fields = dict(part.split(" = ") for part in match[4].split(", "))
        values = {name: int(value, 0) for name, value in fields.items()}
        found.append(Seen(int(match[1]), match[2], int(match[3]), values))
    return found
