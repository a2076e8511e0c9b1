"""The Python side: vellum/link/messages.py and vellum/trace/events.py as text, in ruff's format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from textwrap import wrap

from vellum.codegen.model import EVENT, REPLY, Events, Field, Message, Messages, camel
from vellum.codegen.tsdl import metadata_template

__all__ = ["events_module", "messages_module"]

_BY = "Written by `python -m vellum.codegen`; do not edit."

_MESSAGES_HEAD = '''\
"""Messages of the link's rpc channel. From hv/link/messages.toml.

{by}
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import IntEnum, IntFlag
from struct import Struct
from typing import ClassVar, Generic, Self, TypeVar

VERSION = {version}
REPLY = {reply}
EVENT = {event}


@dataclass(frozen=True)
class Message:
    """Fixed fields, little-endian, then (where TAIL) bytes to the end of the payload."""

    TYPE: ClassVar[int]
    LAYOUT: ClassVar[Struct]
    TAIL: ClassVar[bool] = False

    def pack(self) -> bytes:
        """The message as bytes, without the rpc header. struct.error: a value out of range."""
        values = [getattr(self, field.name) for field in fields(self)]
        tail: bytes = values.pop() if self.TAIL else b""
        return self.LAYOUT.pack(*values) + tail

    @classmethod
    def unpack(cls, data: bytes | memoryview) -> Self:
        """The message from bytes, without the rpc header. ValueError: too short."""
        size = cls.LAYOUT.size
        if len(data) < size:
            raise ValueError(f"{{cls.__name__}}: {{len(data)}} bytes, needs {{size}}")
        make: Callable[..., Self] = cls
        values = cls.LAYOUT.unpack_from(data)
        return make(*values, bytes(data[size:])) if cls.TAIL else make(*values)


ReplyT = TypeVar("ReplyT", bound=Message)


class Call(Message, Generic[ReplyT]):
    """A message to Vellum that is answered by a REPLY."""

    REPLY: type[ReplyT]


'''

_EVENTS_HEAD = '''\
"""Events and packets of the trace, and their metadata for readers of CTF 1.8.

From hv/trace/events.toml.
{by}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from string import Template
from struct import Struct
from uuid import UUID

MAGIC = {magic}
STREAM_ID = {stream_id}
ID_BITS = {id_bits}
TIMESTAMP_BITS = {timestamp_bits}


@dataclass(frozen=True)
class EventType:
    """One kind of event: `fields` lie unaligned behind the u32 event header, as `layout` says."""

    id: int
    name: str
    fields: tuple[str, ...]
    layout: Struct
    size: int  # bytes in a packet, header included


'''

_METADATA_FUNCTION = '''

def metadata(uuid: UUID, frequency: int, env: Mapping[str, str | int]) -> str:
    """The trace's `metadata` file: CTF 1.8 in TSDL. frequency: of the counter, in Hz."""
    return _METADATA.substitute(
        uuid=uuid,
        frequency=frequency,
        env="\\n".join(f"\\t{name} = {_tsdl(value)};" for name, value in env.items()),
    )


def _tsdl(value: str | int) -> str:
    """A literal of TSDL: an integer, or a string with C's escapes."""
    if isinstance(value, int):
        return str(value)
    text = value.replace("\\\\", "\\\\\\\\").replace('"', '\\\\"').replace("\\n", "\\\\n")
    return f'"{text}"'
'''


def messages_module(messages: Messages) -> str:
    """host/vellum/link/messages.py."""
    head = _MESSAGES_HEAD.format(
        by=_BY, version=messages.version, reply=_hex(REPLY), event=_hex(EVENT)
    )
    exits = {name: index for index, name in enumerate(messages.exits)}
    parts = [_enum("Status", "IntEnum", "What a reply's header says.", messages.status)]
    for group, entries in messages.enums.items():
        parts.append(_enum(camel(group), "IntEnum", f"Values of {group}.", entries))
    parts.append(_enum("Exit", "IntEnum", "Why a CPU left the guest; index in `stats`.", exits))
    for group, bits in messages.flags.items():
        entries = {name: 1 << bit for name, bit in bits.items()}
        parts.append(_enum(f"{camel(group)}Flag", "IntFlag", f"Bits of {group}.", entries))
    header = Message("rpc", "header", "What every message begins with.", -1, messages.header, False)
    parts.append(_message(header, "Message"))
    for call, reply in zip(messages.calls, messages.replies, strict=True):
        parts.append(_message(reply, "Message"))
        parts.append(_message(call, f"Call[{reply.python_name}]", [f"REPLY = {reply.python_name}"]))
    parts += [_message(message, "Message") for message in (*messages.events, *messages.records)]
    parts.append(
        "\n\n".join(
            [
                _registry("CALLS", messages.calls),
                _registry("REPLIES", messages.replies),
                _registry("EVENTS", messages.events),
            ]
        )
    )
    return head + "\n\n\n".join(parts) + "\n"


def events_module(events: Events) -> str:
    """host/vellum/trace/events.py."""
    head = _EVENTS_HEAD.format(
        by=_BY,
        magic=_hex(events.magic),
        stream_id=events.stream_id,
        id_bits=events.id_bits,
        timestamp_bits=events.timestamp_bits,
    )
    template = metadata_template(events)
    return (
        head
        + _packet(events)
        + "\n\nEVENTS = (\n"
        + "".join(
            f'    EventType({e.id}, "{e.name}", {_names(e.fields)}, '
            f'Struct("{_format(e.fields)}"), {e.size}),\n'
            for e in events.events
        )
        + f')\n\n_METADATA = Template("""\\\n{template}""")\n'
        + _METADATA_FUNCTION
    )


def _packet(events: Events) -> str:
    fields = (*events.header, *events.context)
    members = [f"    {f.name}: {'int' if f.count == 1 else 'bytes'}" for f in fields]
    size = sum(field.size for field in fields)
    return "\n".join(
        [
            "@dataclass(frozen=True)",
            "class Packet:",
            f'    """What a packet begins with, {size} bytes; sizes are in bits."""',
            "",
            *members,
            "",
            "    @classmethod",
            "    def unpack(cls, data: bytes | memoryview) -> Packet:",
            '        """From the first bytes of a packet. struct.error: too short."""',
            "        return cls(*PACKET.unpack_from(data))",
            "",
            "",
            f'PACKET = Struct("{_format(fields)}")',
        ]
    )


def _enum(name: str, base: str, doc: str, entries: Mapping[str, int]) -> str:
    rows = [f"    {entry.upper()} = {value}" for entry, value in entries.items()]
    return "\n".join([f"class {name}({base}):", f'    """{doc}"""', "", *rows])


def _message(message: Message, base: str, extra: Iterable[str] = ()) -> str:
    constants = [f"TYPE = {_hex(message.number)}"] if message.number >= 0 else []
    constants += [*extra, f'LAYOUT = Struct("{_format(message.fields)}")']
    if message.tail:
        constants.append("TAIL = True")
    members = [f"{field.name}: int" for field in message.fields if not field.is_padding]
    if message.tail:
        members.append("tail: bytes")
    lines = [
        "@dataclass(frozen=True)",
        f"class {message.python_name}({base}):",
        *_docstring(message.doc),
        "",
        *(f"    {line}" for line in constants),
    ]
    if members:
        lines += ["", *(f"    {line}" for line in members)]
    return "\n".join(lines)


def _docstring(doc: str) -> list[str]:
    if len(doc) <= 90:
        return [f'    """{doc}"""']
    first, _, rest = doc.partition(". ")
    return [f'    """{first}.', "", *(f"    {line}" for line in wrap(rest, 96)), '    """']


def _registry(name: str, messages: Iterable[Message]) -> str:
    rows = [f"    {_hex(message.number)}: {message.python_name}," for message in messages]
    return "\n".join([f"{name}: dict[int, type[Message]] = {{", *rows, "}"])


def _hex(value: int) -> str:
    return f"0x{value:X}"


def _format(fields: Iterable[Field]) -> str:
    return "<" + "".join(field.struct_format for field in fields)


def _names(fields: Iterable[Field]) -> str:
    return "(" + ", ".join(f'"{field.name}"' for field in fields) + ")"
