"""Events as rows with names and values for other programs: one dictionary for each event."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from vellum.trace.clock import NANO
from vellum.trace.events import EVENTS
from vellum.trace.kinds import ACCESS
from vellum.trace.source import Source

__all__ = ["Row", "rows", "seconds"]


class Row(NamedTuple):
    """One event. What it does not have is None; `access` is `read` or `write`."""

    nanoseconds: int  # since the guest's start
    ticks: int
    cpu: int
    event: str
    access: str | None
    size: int | None
    device: str | None
    register: str | None
    address: int | None
    value: int | None
    fields: str | None  # of the register, by name
    pc: int | None
    symbol: str | None
    others: dict[str, int]  # fields of the event that have no column


def rows(source: Source) -> Iterator[Row]:
    """The events that are wanted of a trace, in order of time."""
    names = source.names
    for block in source.blocks():
        times = source.clock.nanoseconds(block.time).tolist()
        for time, event in zip(times, block.events(), strict=True):
            kind = EVENTS[event.type_id]
            access = ACCESS[event.type_id]
            values = dict(zip(kind.fields, event.values[1:], strict=True))
            address, pc = values.pop("addr", None), values.pop("pc", None)
            value = values.pop("value", None)
            write = access is not None and access[1]
            place = None if address is None else names.place(address, write)
            size = access[0] if access else None
            fields = None
            if address is not None and value is not None and size is not None:
                fields = names.value(address, write, value, size)
            symbol = None if pc is None else names.pc(pc)
            yield Row(
                time,
                event.time,
                event.cpu,
                kind.name,
                None if access is None else ("write" if write else "read"),
                size,
                place.device if place else None,
                place.register if place else None,
                address,
                value,
                fields,
                pc,
                None if symbol is None or symbol.startswith("0x") else symbol,
                values,
            )


def seconds(nanoseconds: int) -> str:
    """Seconds with nine decimals, exactly."""
    sign = "-" if nanoseconds < 0 else ""
    whole, part = divmod(abs(nanoseconds), NANO)
    return f"{sign}{whole}.{part:09}"
