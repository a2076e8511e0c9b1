"""The C side: hv/link/messages.h and hv/trace/events.h as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from textwrap import wrap

from vellum.codegen.model import EVENT, REPLY, Events, Field, Message, Messages

__all__ = ["events_header", "messages_header"]

_BY = "Written by `python -m vellum.codegen`; do not edit."


def messages_header(messages: Messages) -> str:
    """hv/link/messages.h."""
    parts = [
        _open("Messages of the link's rpc channel.", "link/messages"),
        f"#define RPC_VERSION {messages.version}",
        f"#define RPC_REPLY {REPLY:#x} /* in a reply's type, beside its call's number */\n"
        f"#define RPC_EVENT {EVENT:#x} /* in an event's type */",
        _struct("rpc_header", messages.header),
        _enum("rpc_type", _types(messages)),
        _enum("status", {f"STATUS_{name.upper()}": n for name, n in messages.status.items()}),
    ]
    for group, entries in messages.enums.items():
        parts.append(_enum(group, {f"{group}_{name}".upper(): n for name, n in entries.items()}))
    for group, bits in messages.flags.items():
        parts.append("\n".join(_flag(group, name, bit) for name, bit in bits.items()))
    parts.append(_exits(messages.exits))
    parts.append(_call_list(messages.calls))
    layouts = [*_pairs(messages), *messages.events, *messages.records]
    parts += [_documented(message) for message in layouts if message.fields]
    return "\n\n".join(parts) + "\n\n#endif\n"


def events_header(events: Events) -> str:
    """hv/trace/events.h."""
    ids = {f"TRACE_{event.name.upper()}": event.id for event in events.events}
    sizes = "\n".join(f"#define TRACE_{e.name.upper()}_SIZE {e.size}" for e in events.events)
    parts = [
        _open("Events and packets of the trace.", "trace/events"),
        f"#define TRACE_MAGIC UINT32_C({events.magic:#x})\n"
        f"#define TRACE_STREAM_ID {events.stream_id}",
        "/* An event's header, one u32: id in the low bits, the counter's low bits above it. */\n"
        f"#define TRACE_ID_BITS {events.id_bits}\n"
        f"#define TRACE_TIMESTAMP_BITS {events.timestamp_bits}",
        "/* What a packet begins with: CTF's packet header and packet context. */\n"
        + _struct("trace_packet", (*events.header, *events.context)),
        _enum("trace_event", ids, count="TRACE_EVENT_COUNT"),
        "/* Bytes of an event, its header included; fields follow each other unaligned. */\n"
        + sizes
        + f"\n#define TRACE_MAX_EVENT_SIZE {max(event.size for event in events.events)}",
    ]
    return "\n\n".join(parts) + "\n\n#endif\n"


def _open(title: str, source: str) -> str:
    guard = f"VELLUM_{source}_H".upper().replace("/", "_")
    return (
        f"/*\n * {title} From hv/{source}.toml.\n * {_BY}\n */\n"
        "/* clang-format off */\n"
        f'#ifndef {guard}\n#define {guard}\n\n#include "lib/types.h"'
    )


def _types(messages: Messages) -> dict[str, int]:
    types = {f"RPC_{call.name.upper()}": call.number for call in messages.calls}
    return types | {f"RPC_EVENT_{event.name.upper()}": event.number for event in messages.events}


def _enum(name: str, entries: Mapping[str, int], count: str = "") -> str:
    lines = [f"    {entry} = {_number(value)}," for entry, value in entries.items()]
    if count:
        lines.append(f"    {count}")
    return "\n".join([f"enum {name} {{", *lines, "};"])


def _number(value: int) -> str:
    return f"{value:#x}" if value >= EVENT else str(value)


def _flag(group: str, name: str, bit: int) -> str:
    return f"#define {group.upper()}_{name.upper()} BIT({bit})"


def _exits(names: Iterable[str]) -> str:
    comment = "/* Why a CPU left the guest: the order of the counters in `stats`. */\n"
    entries = {f"EXIT_{name.upper()}": index for index, name in enumerate(names)}
    return comment + _enum("exit", entries, count="EXIT_COUNT")


def _call_list(calls: Iterable[Message]) -> str:
    """The calls as a list for a dispatch table: what KVM and others call an X-macro."""
    rows = [
        f"    X(RPC_{call.name.upper()}, {call.name}, {call.size}, {str(call.tail).lower()})"
        for call in calls
    ]
    head = "/* X(type, name, bytes of fixed arguments, whether a tail may follow) */\n"
    continued = [line.ljust(99) + "\\" for line in ("#define RPC_CALLS(X)", *rows[:-1])]
    return head + "\n".join([*continued, rows[-1]])


def _pairs(messages: Messages) -> Iterable[Message]:
    for call, reply in zip(messages.calls, messages.replies, strict=True):
        yield call
        yield reply


def _documented(message: Message) -> str:
    struct = _struct(message.c_name, message.fields)
    return struct if message.kind == "reply" else f"{_comment(message.doc)}\n{struct}"


def _comment(text: str) -> str:
    if len(text) <= 94:
        return f"/* {text} */"
    return "\n".join(["/*", *(f" * {line}" for line in wrap(text, 96)), " */"])


def _struct(name: str, fields: Iterable[Field]) -> str:
    members, asserts, offset = [], [], 0
    for field in fields:
        array = f"[{field.count}]" if field.count > 1 else ""
        members.append(f"    uint{field.alignment * 8}_t {field.name}{array};")
        asserts.append(f'static_assert(offsetof(struct {name}, {field.name}) == {offset}, "wire");')
        offset += field.size
    asserts.append(f'static_assert(sizeof(struct {name}) == {offset}, "wire");')
    return "\n".join([f"struct {name} {{", *members, "};", *asserts])
