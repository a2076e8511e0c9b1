"""What babeltrace2, which knows nothing of us, reads from a trace: the tests' truth."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

_LINE = re.compile(r"\[(\d+)\] (?:.* )?(\w+): \{ cpu_id = (\d+),[^}]*\}, \{ (.*) \}")


class Seen(NamedTuple):
    """An event; `time` in ticks."""

    time: int
    name: str
    cpu: int
    fields: dict[str, int]


def babeltrace(directory: Path) -> list[Seen]:
    """Every event, in babeltrace2's order."""
    found = []
    for text in _run(directory).stdout.splitlines():
        match = _LINE.fullmatch(text)
        assert match, text
        fields = dict(part.split(" = ") for part in match[4].split(", "))
        values = {name: int(value, 0) for name, value in fields.items()}
        found.append(Seen(int(match[1]), match[2], int(match[3]), values))
    return found


def warnings_of(directory: Path) -> list[int]:
    """Counts of discarded events, one for each time that babeltrace2 tells of some."""
    said = _run(directory).stderr
    return [int(count) for count in re.findall(r"Tracer discarded (\d+) event", said)]


def _run(directory: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["babeltrace2", "--clock-cycles", "--no-delta", str(directory)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
