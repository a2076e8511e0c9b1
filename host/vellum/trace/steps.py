"""What was done to each device, in order, in a form in which two boots can be compared.

An access is a step: register, way, width and value. Where two boots do the same thing they make
the same steps, wherever the kernel ran and whatever CPU it was. A run of identical reads, as of a
driver that polls, is one step with its count.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from vellum.trace.decode import Array, Block
from vellum.trace.events import EVENTS
from vellum.trace.filter import matches_register
from vellum.trace.kinds import ACCESS, HAS_ADDRESS
from vellum.trace.names import Names
from vellum.trace.source import Source

__all__ = ["DeviceSteps", "Step", "Steps", "read_steps"]


@dataclass(frozen=True, slots=True)
class Step:
    """One access, as it is compared. `value` None: it is not compared, or there is none."""

    register: str
    way: str  # R4, W2...; of an event that is no access its name
    value: int | None
    size: int
    fields: str

    @property
    def folds(self) -> bool:
        """Whether a run of it is one step: of reads only."""
        return self.way.startswith("R")


class Steps:
    """Every different step of both boots, with a number for each."""

    def __init__(self) -> None:
        """None yet."""
        self.all: list[Step] = []
        self._numbers: dict[tuple[str, str, int | None], int] = {}

    def number(self, step: Step) -> int:
        """The same for the same register, way and value."""
        key = step.register, step.way, step.value
        number = self._numbers.setdefault(key, len(self.all))
        if number == len(self.all):
            self.all.append(step)
        return number


@dataclass
class DeviceSteps:
    """The steps of one device: by number of the step, how often, when first, and from which PC."""

    accesses: int
    steps: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    times: Array
    pcs: Array


@dataclass
class _Raw:
    """The same, as it is gathered."""

    steps: list[npt.NDArray[np.int64]] = field(default_factory=list)
    times: list[Array] = field(default_factory=list)
    pcs: list[Array] = field(default_factory=list)


class _Numbers(dict[tuple[int, int, int], tuple[str, int]]):
    """By type, address and value: device, and number of the step."""

    def __init__(self, names: Names, steps: Steps, ignored: Collection[str]) -> None:
        super().__init__()
        self._names = names
        self._steps = steps
        self._ignored = ignored

    def __missing__(self, key: tuple[int, int, int]) -> tuple[str, int]:
        type_id, address, value = key
        access = ACCESS[type_id]
        if not HAS_ADDRESS[type_id]:
            name = EVENTS[type_id].name
            device, step = name, Step("", name, None, 0, "")
        else:
            place = self._names.place(address, access is not None and access[1])
            device = place.device
            if access is None:
                step = Step(place.register, EVENTS[type_id].name, None, 0, "")
            else:
                size, write = access
                way = f"{'W' if write else 'R'}{size}"
                fields = self._names.value(address, write, value, size)
                step = Step(place.register, way, value, size, fields)
                if any(matches_register(spec, place) for spec in self._ignored):
                    step = Step(place.register, way, None, size, "")
        found = self[key] = device, self._steps.number(step)
        return found


def read_steps(
    source: Source, steps: Steps, ignored: Collection[str] = ()
) -> dict[str, DeviceSteps]:
    """By device: what was done to it. `ignored`: registers whose values are not compared."""
    numbers = _Numbers(source.names, steps, ignored)
    raw: dict[str, _Raw] = {}
    for block in source.blocks():
        _gather(block, numbers, raw)
    folds = np.array([step.folds for step in steps.all], np.bool_)
    return {device: _fold(one, folds) for device, one in raw.items()}


def _gather(block: Block, numbers: _Numbers, raw: dict[str, _Raw]) -> None:
    columns = (block.type, block.field("addr"), block.field("value"))
    keys = zip(*(column.tolist() for column in columns), strict=True)
    found = list(map(numbers.__getitem__, keys))
    of_device: dict[str, list[int]] = {}
    for index, (device, _) in enumerate(found):
        of_device.setdefault(device, []).append(index)
    all_steps = np.array([number for _, number in found], np.int64)
    pcs = block.field("pc")
    for device, indices in of_device.items():
        one = raw.setdefault(device, _Raw())
        one.steps.append(all_steps[indices])
        one.times.append(block.time[indices])
        one.pcs.append(pcs[indices])


def _fold(raw: _Raw, folds: npt.NDArray[np.bool_]) -> DeviceSteps:
    steps = np.concatenate(raw.steps)
    new = np.ones(len(steps), np.bool_)
    new[1:] = (steps[1:] != steps[:-1]) | ~folds[steps[1:]]
    first = np.flatnonzero(new)
    counts = np.diff(first, append=len(steps))
    times, pcs = _at(raw.times, first), _at(raw.pcs, first)
    return DeviceSteps(len(steps), steps[first], counts, times, pcs)


def _at(parts: Sequence[Array], indices: npt.NDArray[np.int64]) -> Array:
    whole: Array = np.concatenate(parts)[indices]
    return whole
