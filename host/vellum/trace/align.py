"""Aligns two long sequences of numbers: what is only in the one, what only in the other.

diff(1) does it, with Myers' algorithm and bounds on its cost: a million lines that differ here and
there take it a second, where difflib would take hours.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from vellum.errors import UsageError

__all__ = ["Edit", "align"]

_EDIT = re.compile(rb"^(\d+)(?:,(\d+))?([acd])(\d+)(?:,(\d+))?$", re.MULTILINE)
_SAME = 0
_DIFFERENT = 1


class Edit(NamedTuple):
    """Elements [a_start, a_end) of A stand where B has [b_start, b_end)."""

    a_start: int
    a_end: int
    b_start: int
    b_end: int


def align(a: Sequence[int], b: Sequence[int]) -> list[Edit]:
    """The edits that make `b` of `a`, in order; between them both are equal."""
    with tempfile.TemporaryDirectory(prefix="vellum-") as folder:
        paths = [Path(folder) / "a", Path(folder) / "b"]
        for path, numbers in zip(paths, (a, b), strict=True):
            path.write_text("".join(f"{number}\n" for number in numbers))
        try:
            done = subprocess.run(
                ["diff", "--text", *paths], capture_output=True, check=False, env=_environment()
            )
        except FileNotFoundError:
            raise UsageError("the command `diff` is missing: install diffutils") from None
    if done.returncode not in (_SAME, _DIFFERENT):
        reason = done.stderr.decode(errors="replace").strip() or f"status {done.returncode}"
        raise UsageError(f"the command `diff` failed: {reason}")
    return [_edit(match) for match in _EDIT.finditer(done.stdout)]


def _environment() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C"}


def _edit(match: re.Match[bytes]) -> Edit:
    """From diff's `5,7c5,8`; of nothing, it names the line that it comes behind."""
    a_first, b_first = int(match[1]), int(match[4])
    a_last, b_last = int(match[2] or a_first), int(match[5] or b_first)
    a_start = a_first if match[3] == b"a" else a_first - 1
    b_start = b_first if match[3] == b"d" else b_first - 1
    return Edit(a_start, a_last, b_start, b_last)
