"""The descriptions as data: reads messages.toml and events.toml and checks what a layout needs."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = [
    "EVENT",
    "REPLY",
    "DescriptionError",
    "Event",
    "Events",
    "Field",
    "Message",
    "Messages",
    "camel",
    "load_events",
    "load_messages",
]

REPLY = 0x8000
EVENT = 0x4000

_SIZES = {"u8": 1, "u16": 2, "u32": 4, "u64": 8}
_STRUCT = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q"}


class DescriptionError(Exception):
    """A description that cannot be laid out; the text says which part and why."""


@dataclass(frozen=True)
class Field:
    """One field: its element type and, for an array, how many elements (1: a plain field)."""

    name: str
    type: str
    count: int = 1

    @property
    def alignment(self) -> int:
        """Natural alignment, bytes."""
        return _SIZES[self.type]

    @property
    def size(self) -> int:
        """Bytes on the wire."""
        return _SIZES[self.type] * self.count

    @property
    def is_padding(self) -> bool:
        """Padding is sent as zero and has no name in Python."""
        return self.name.startswith("pad")

    @property
    def struct_format(self) -> str:
        """The field in the language of Python's struct module."""
        if self.is_padding:
            return f"{self.size}x"
        return _STRUCT[self.type] if self.count == 1 else f"{self.count}s"


@dataclass(frozen=True)
class Message:
    """One layout of the link: a call's arguments, a reply, an event, or a record of a tail."""

    name: str
    kind: str  # "call", "reply", "event" or "record"
    doc: str
    number: int  # as in the header's type; -1 for a record
    fields: tuple[Field, ...]
    tail: bool

    @property
    def size(self) -> int:
        """Bytes of the fixed fields."""
        return sum(field.size for field in self.fields)

    @property
    def c_name(self) -> str:
        """Name of the C struct."""
        return f"{self.name}_{self.kind}"

    @property
    def python_name(self) -> str:
        """Name of the Python class."""
        return camel(self.c_name)


@dataclass(frozen=True)
class Messages:
    """All of messages.toml."""

    version: int
    header: tuple[Field, ...]
    status: Mapping[str, int]
    flags: Mapping[str, Mapping[str, int]]
    enums: Mapping[str, Mapping[str, int]]
    calls: tuple[Message, ...]
    replies: tuple[Message, ...]  # in the order of the calls
    events: tuple[Message, ...]
    records: tuple[Message, ...]
    exits: tuple[str, ...]


@dataclass(frozen=True)
class Event:
    """One kind of trace event: fields follow each other without padding."""

    name: str
    id: int
    fields: tuple[Field, ...]

    @property
    def size(self) -> int:
        """Bytes in a packet, the u32 event header included."""
        return 4 + sum(field.size for field in self.fields)


@dataclass(frozen=True)
class Events:
    """All of events.toml."""

    magic: int
    stream_id: int
    header: tuple[Field, ...]
    context: tuple[Field, ...]
    id_bits: int
    timestamp_bits: int
    events: tuple[Event, ...]


def camel(name: str) -> str:
    """`guest_stop` to `GuestStop`."""
    return "".join(part.capitalize() for part in name.split("_"))


def load_messages(path: Path) -> Messages:
    """Reads messages.toml; DescriptionError when a layout or a number is wrong."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    calls = tuple(_message(entry, "call", "args", 0) for entry in data["call"])
    events = tuple(_message(entry, "event", "args", EVENT) for entry in data["event"])
    _check_unique("call number", [message.number for message in calls])
    _check_unique("event number", [message.number for message in events])
    return Messages(
        version=data["protocol"]["version"],
        header=_aligned("header", data["header"]["fields"]),
        status=data["status"],
        flags=data["flags"],
        enums=data["enum"],
        calls=calls,
        replies=tuple(_message(entry, "reply", "reply", REPLY) for entry in data["call"]),
        events=events,
        records=tuple(_record(entry) for entry in data["record"]),
        exits=tuple(entry["name"] for entry in data["exit"]),
    )


def load_events(path: Path) -> Events:
    """Reads events.toml; DescriptionError when an id does not fit the event header."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    packet, header = data["packet"], data["event_header"]
    events = tuple(
        Event(entry["name"], entry["id"], tuple(_field(*field) for field in entry["fields"]))
        for entry in data["event"]
    )
    if [event.id for event in events] != list(range(len(events))):
        raise DescriptionError("events: ids must count up from 0")
    if len(events) > 1 << header["id_bits"]:
        raise DescriptionError(f"events: more than {1 << header['id_bits']} do not fit the header")
    if header["id_bits"] + header["timestamp_bits"] != 32:
        raise DescriptionError("event_header: id_bits and timestamp_bits must fill 32 bits")
    _aligned("packet", packet["header"] + packet["context"])
    return Events(
        magic=packet["magic"],
        stream_id=packet["stream_id"],
        header=tuple(_field(*field) for field in packet["header"]),
        context=tuple(_field(*field) for field in packet["context"]),
        id_bits=header["id_bits"],
        timestamp_bits=header["timestamp_bits"],
        events=events,
    )


def _message(entry: Mapping[str, Any], kind: str, key: str, flag: int) -> Message:
    name = entry["name"]
    return Message(
        name=name,
        kind=kind,
        doc=entry["doc"],
        number=entry["number"] | flag,
        fields=_aligned(f"{name} {kind}", entry[key]),
        tail=entry.get(f"{key}_tail", False),
    )


def _record(entry: Mapping[str, Any]) -> Message:
    fields = _aligned(f"{entry['name']} record", entry["fields"])
    return Message(entry["name"], "record", entry["doc"], -1, fields, tail=False)


def _field(name: str, kind: str) -> Field:
    element, _, count = kind.partition("[")
    if element not in _SIZES:
        raise DescriptionError(f"field {name}: no type {kind}; there are {', '.join(_SIZES)}")
    if count and element != "u8":
        raise DescriptionError(f"field {name}: only u8 makes an array")
    return Field(name, element, int(count.rstrip("]")) if count else 1)


def _aligned(where: str, entries: Iterable[list[str]]) -> tuple[Field, ...]:
    """The fields, when a C compiler lays them out as written: no holes, none at the end."""
    fields = tuple(_field(*entry) for entry in entries)
    offset = 0
    for field in fields:
        if offset % field.alignment:
            raise DescriptionError(f"{where}: {field.name} at offset {offset} is not aligned")
        offset += field.size
    if fields and offset % max(field.alignment for field in fields):
        raise DescriptionError(f"{where}: {offset} bytes; write the padding at the end as fields")
    _check_unique(f"field of {where}", [field.name for field in fields])
    return fields


def _check_unique(what: str, values: list[Any]) -> None:
    for value in values:
        if values.count(value) > 1:
            raise DescriptionError(f"{what} {value} is there twice")
