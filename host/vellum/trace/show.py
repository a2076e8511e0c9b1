"""A trace as lines for people: when, where from, which register, which value, what it means.

A trace repeats itself: what follows the time in a line is made once for each different access.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from vellum.trace.clock import NANO, Clock
from vellum.trace.decode import Block, Event
from vellum.trace.events import EVENTS
from vellum.trace.kinds import ACCESS
from vellum.trace.names import Names

__all__ = ["show", "show_raw"]

PLACE_WIDTH = 38
FIELDS_WIDTH = 26
DIM, BOLD, READ, WRITE, ODD, PLAIN = (f"\x1b[{code}m" for code in (2, 1, 36, 33, 31, 0))
MOST_TEXTS = 1 << 17

Paint = Callable[[str, str], str]
_PLAIN_ACCESS = np.array([one is not None for one in ACCESS])


def show(
    blocks: Iterable[Block], names: Names, clock: Clock, *, colour: bool
) -> Iterator[list[str]]:
    """A line for each event, a list of lines for each block; times are in seconds.

    time, time since the line before, CPU, R or W and bytes, device.register, value, fields, PC
    """
    paint = _painter(colour)
    texts = _Texts(names, paint)
    previous = 0
    for block in blocks:
        since = clock.nanoseconds(block.time)
        deltas = np.diff(since, prepend=previous)
        previous = int(since[-1])
        whens = _whens(since.tolist(), deltas.tolist(), block.cpu.tolist(), paint)
        yield [f"{when} {what}" for when, what in zip(whens, _whats(block, texts), strict=True)]


def show_raw(blocks: Iterable[Block]) -> Iterator[list[str]]:
    """A line for each event with nothing but its numbers; times are CNTVCT_EL0."""
    for block in blocks:
        yield [_raw(event) for event in block.events()]


def _raw(event: Event) -> str:
    fields = " ".join(f"{name}={value:#x}" for name, value in event.fields.items())
    return f"{event.time} cpu{event.cpu} {event.type.name} {fields}"


class _Texts(dict[tuple[int, int, int, int], str]):
    """By type, address, value and PC of a plain access: what a line says of it."""

    def __init__(self, names: Names, paint: Paint) -> None:
        super().__init__()
        self.names = names
        self.paint = paint

    def __missing__(self, key: tuple[int, int, int, int]) -> str:
        if len(self) >= MOST_TEXTS:
            self.clear()
        text = self[key] = _access(*key, self.names, self.paint)
        return text


def _access(type_id: int, address: int, value: int, pc: int, names: Names, paint: Paint) -> str:
    access = ACCESS[type_id]
    assert access is not None
    size, write = access
    place = f"{names.place(address, write)!s:<{PLACE_WIDTH}}"
    fields = names.value(address, write, value, size)
    way = paint(f"{'W' if write else 'R'}{size}", WRITE if write else READ)
    number = f"0x{value:0{2 * size}x}"
    return f"{way} {paint(place, BOLD)} {number:<10} {fields:<{FIELDS_WIDTH}} {names.pc(pc)}"


def _whats(block: Block, texts: _Texts) -> Iterator[str]:
    """All but the time of each line."""
    columns = (block.type, block.field("addr"), block.field("value"), block.field("pc"))
    keys = zip(*(column.tolist() for column in columns), strict=True)
    if _PLAIN_ACCESS[block.type].all():
        return map(texts.__getitem__, keys)
    odd = ~_PLAIN_ACCESS[block.type]
    others = dict(zip(np.flatnonzero(odd).tolist(), block.where(odd).events(), strict=True))
    return (
        texts.paint(_other(others[index], texts.names), ODD) if index in others else texts[key]
        for index, key in enumerate(keys)
    )


def _other(event: Event, names: Names) -> str:
    """An event that is no plain access: its name and fields, those named that can be."""
    texts = []
    for name, value in event.fields.items():
        if name == "addr":
            texts.append(str(names.place(value, False)))
        elif name != "pc":
            texts.append(f"{name}={value:#x}")
    pc = event.fields.get("pc")
    return " ".join([EVENTS[event.type_id].name, *texts, *([] if pc is None else [names.pc(pc)])])


def _whens(since: list[int], deltas: list[int], cpus: list[int], paint: Paint) -> list[str]:
    """Time, time since the line before, CPU."""
    if paint("", DIM) or min(since) < 0 or min(deltas) < 0:
        return [
            paint(f"{_seconds(time):>14} +{_seconds(delta)} cpu{cpu:<2}", DIM)
            for time, delta, cpu in zip(since, deltas, cpus, strict=True)
        ]
    return [  # the same, quicker
        f"{time // NANO:>4}.{time % NANO:09} +{delta // NANO}.{delta % NANO:09} cpu{cpu:<2}"
        for time, delta, cpu in zip(since, deltas, cpus, strict=True)
    ]


def _painter(colour: bool) -> Paint:
    if colour:
        return lambda text, code: f"{code}{text}{PLAIN}"
    return lambda text, code: text


def _seconds(nanoseconds: int) -> str:
    """Seconds with nine decimals, exactly."""
    sign = "-" if nanoseconds < 0 else ""
    whole, part = divmod(abs(nanoseconds), NANO)
    return f"{sign}{whole}.{part:09}"
