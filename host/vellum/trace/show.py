"""A trace as lines for people: when, where from, which register, which value, what it means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from vellum.trace.events import EVENTS
from vellum.trace.names import Names
from vellum.trace.reader import Event

NANO = 10**9
PLACE_WIDTH = 38
FIELDS_WIDTH = 26
DIM, BOLD, READ, WRITE, ODD, PLAIN = (f"\x1b[{code}m" for code in (2, 1, 36, 33, 31, 0))

# By event id: (bytes, write) of an access that was decoded; None for the other events.
_ACCESS: list[tuple[int, bool] | None] = [
    (event.layout.size - 16, event.name.startswith("mmio_write"))
    if event.fields == ("pc", "addr", "value")
    else None
    for event in EVENTS
]


def show(
    events: Iterable[Event], names: Names, counter_hz: int, start: int | None, *, colour: bool
) -> Iterator[str]:
    """A line for each event; times are in seconds since `start` (None: since the first event).

    time, time since the line before, CPU, R or W and bytes, device.register, value, fields, PC
    """
    paint = _painter(colour)
    previous = 0
    for event in events:
        time, cpu, type_id, values = event
        if start is None:
            start = time
        since = (time - start) * NANO // counter_hz
        delta = since - previous
        previous = since
        when = f"{_seconds(since):>14} +{_seconds(delta)} cpu{cpu:<2}"
        access = _ACCESS[type_id]
        if access is None:
            yield f"{paint(when, DIM)} {paint(_other(event, names), ODD)}"
            continue
        size, write = access
        _, pc, address, value = values
        place = f"{names.place(address, write)!s:<{PLACE_WIDTH}}"
        number = f"0x{value:0{2 * size}x}"
        fields = names.value(address, write, value, size)
        way = paint(f"{'W' if write else 'R'}{size}", WRITE if write else READ)
        yield (
            f"{paint(when, DIM)} {way} {paint(place, BOLD)} {number:<10} "
            f"{fields:<{FIELDS_WIDTH}} {names.pc(pc)}"
        )


def show_raw(events: Iterable[Event]) -> Iterator[str]:
    """A line for each event with nothing but its numbers; times are CNTVCT_EL0."""
    for event in events:
        fields = " ".join(f"{name}={value:#x}" for name, value in event.fields.items())
        yield f"{event.time} cpu{event.cpu} {event.type.name} {fields}"


def _other(event: Event, names: Names) -> str:
    """An event that is no plain access: its name and fields, those named that can be."""
    texts = []
    for name, value in event.fields.items():
        if name == "addr":
            texts.append(str(names.place(value, False)))
        elif name != "pc":
            texts.append(f"{name}={value:#x}")
    return f"{event.type.name} {' '.join(texts)} {names.pc(event.fields['pc'])}"


def _painter(colour: bool) -> Callable[[str, str], str]:
    if colour:
        return lambda text, code: f"{code}{text}{PLAIN}"
    return lambda text, code: text


def _seconds(nanoseconds: int) -> str:
    """Seconds with nine decimals, exactly."""
    sign = "-" if nanoseconds < 0 else ""
    whole, part = divmod(abs(nanoseconds), NANO)
    return f"{sign}{whole}.{part:09}"
