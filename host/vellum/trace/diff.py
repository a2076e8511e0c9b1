"""Two boots compared: for each device, which steps only one of them made."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from vellum.trace.align import Edit, align
from vellum.trace.source import Source
from vellum.trace.steps import DeviceSteps, Step, Steps, read_steps

__all__ = ["DeviceDiff", "Hunk", "Line", "compare"]


@dataclass(frozen=True, slots=True)
class Line:
    """A step in a difference. `mark`: `-` only A made it, `+` only B, ` ` both.

    `counts`: how often in a run, in A, in B or in both; `nanoseconds` since the guest's start.
    """

    mark: str
    step: Step
    counts: tuple[int, ...]
    nanoseconds: int
    pc: str


@dataclass(frozen=True, slots=True)
class Hunk:
    """A place where they differ, with lines around it; where it begins, by steps from 0."""

    a_start: int
    a_count: int
    b_start: int
    b_count: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class DeviceDiff:
    """One device of both: how many accesses and steps it saw, and where they differ."""

    device: str
    accesses: tuple[int, int]
    steps: tuple[int, int]
    hunks: tuple[Hunk, ...]

    @property
    def same(self) -> bool:
        """No difference."""
        return not self.hunks


def compare(
    a: Source, b: Source, ignored: Collection[str] = (), context: int = 3
) -> Iterator[DeviceDiff]:
    """Each device of either, by name. `context`: equal steps that are shown around a difference."""
    steps = Steps()
    all_a, all_b = read_steps(a, steps, ignored), read_steps(b, steps, ignored)
    for device in sorted({*all_a, *all_b}):
        one, other = all_a.get(device, _nothing()), all_b.get(device, _nothing())
        edits = align(one.steps.tolist(), other.steps.tolist())
        sides = _Side(a, one, steps.all), _Side(b, other, steps.all)
        hunks = (_hunk(group, sides, context) for group in _groups(edits, context))
        yield DeviceDiff(
            device,
            (one.accesses, other.accesses),
            (len(one.steps), len(other.steps)),
            tuple(hunks),
        )


@dataclass(frozen=True, slots=True)
class _Side:
    """One boot's steps at a device, and what names them."""

    source: Source
    made: DeviceSteps
    steps: Sequence[Step]

    def line(self, index: int, mark: str, more: tuple[int, ...] = ()) -> Line:
        made = self.made
        when = int(self.source.clock.nanoseconds(made.times[index : index + 1])[0])
        return Line(
            mark,
            self.steps[int(made.steps[index])],
            (int(made.counts[index]), *more),
            when,
            self.source.names.pc(int(made.pcs[index])),
        )


def _nothing() -> DeviceSteps:
    empty = np.zeros(0, np.int64)
    return DeviceSteps(0, empty, empty, empty.astype(np.uint64), empty.astype(np.uint64))


def _groups(edits: Sequence[Edit], context: int) -> Iterator[list[Edit]]:
    """Edits whose context touches go together."""
    group: list[Edit] = []
    for edit in edits:
        if group and edit.a_start - group[-1].a_end > 2 * context:
            yield group
            group = []
        group.append(edit)
    if group:
        yield group


def _hunk(group: Sequence[Edit], sides: tuple[_Side, _Side], context: int) -> Hunk:
    a, b = sides
    lead = min(context, group[0].a_start)
    a_at, b_at = a_start, b_start = group[0].a_start - lead, group[0].b_start - lead
    lines: list[Line] = []

    def both(count: int) -> None:
        for index in range(count):
            more = int(b.made.counts[b_at + index])
            lines.append(a.line(a_at + index, " ", (more,)))

    for edit in group:
        both(edit.a_start - a_at)
        lines += [a.line(index, "-") for index in range(edit.a_start, edit.a_end)]
        lines += [b.line(index, "+") for index in range(edit.b_start, edit.b_end)]
        a_at, b_at = edit.a_end, edit.b_end
    trail = min(context, len(a.made.steps) - a_at)
    both(trail)
    return Hunk(a_start, a_at + trail - a_start, b_start, b_at + trail - b_start, tuple(lines))
