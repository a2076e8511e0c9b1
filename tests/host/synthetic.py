"""Makes traces for tests: packets as EL2 would write them, from lists of events."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from vellum.trace import events
from vellum.trace.writer import TraceWriter

TRACE_UUID = UUID("6f2d7c1e-0d8e-4a53-9a1b-3f6f0d6c2b11")
COUNTER_HZ = 62_500_000

# time, event id, fields
Made = tuple[int, int, tuple[int, ...]]


def event_bytes(time: int, type_id: int, fields: tuple[int, ...]) -> bytes:
    head = (time & (1 << events.TIMESTAMP_BITS) - 1) << events.ID_BITS | type_id
    return struct.pack("<I", head) + events.EVENTS[type_id].layout.pack(*fields)


def packet(
    made: Sequence[Made],
    *,
    cpu: int = 0,
    sequence: int = 0,
    discarded: int = 0,
    begin: int | None = None,
    uuid: UUID = TRACE_UUID,
) -> bytes:
    body = b"".join(event_bytes(*one) for one in made)
    begin = begin if begin is not None else (made[0][0] if made else 0)
    end = made[-1][0] if made else begin
    bits = 8 * (events.PACKET.size + len(body))
    return (
        events.PACKET.pack(
            events.MAGIC,
            uuid.bytes,
            events.STREAM_ID,
            begin,
            end,
            bits,
            bits,
            sequence,
            discarded,
            cpu,
            len(made),
        )
        + body
    )


def write_trace(directory: Path, packets: Sequence[bytes]) -> Path:
    env: dict[str, str | int] = {"hostname": 'a "host"', "number": 7}
    with TraceWriter(directory, uuid=TRACE_UUID, counter_hz=COUNTER_HZ, env=env) as writer:
        for one in packets:
            writer.packet(one)
    return directory
