"""Makes traces for tests: packets as EL2 would write them, from lists of events."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from itertools import count as count_from
from itertools import islice
from pathlib import Path
from random import Random
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


def write_trace(directory: Path, packets: Iterable[bytes]) -> Path:
    env: dict[str, str | int] = {"hostname": 'a "host"', "number": 7}
    with TraceWriter(directory, uuid=TRACE_UUID, counter_hz=COUNTER_HZ, env=env) as writer:
        for one in packets:
            writer.packet(one)
    return directory


_BUFFER = 0xA000080
# What a Debian boot does most, in its proportions: event id, address, how often. A GIC, a console,
# two virtio devices; PCs of a few hundred places in the kernel.
_MIX = (
    (1, 0x9000018, 40),  # UARTFR, polled
    (5, 0x9000000, 38),  # UARTDR
    (2, 0xA000060, 4),  # InterruptStatus
    (6, 0xA000064, 4),  # InterruptACK
    (6, 0xA000050, 6),  # QueueNotify
    (2, 0x8000100, 2),
    (6, 0x8000180, 2),
    (7, 0x8006100, 2),
    (3, 0x80A0008, 1),
    (0, 0xA000100, 1),  # the configuration
    (6, _BUFFER, 5),  # QueueDescLow: never the same twice
)
_PCS = 300
_KERNEL = 0xFFFF800008010000


def boot_like_packets(
    count: int, *, cpus: int = 1, packet_bytes: int = 65_500, seed: int = 1
) -> Iterator[bytes]:
    """Packets with `count` events as a boot has them, of all CPUs in turn, as long as EL2's are."""
    random = Random(seed)
    ids, addresses, weights = zip(*_MIX, strict=True)
    time, made = 1_000_000, 0
    # One long pattern of bodies, repeated: making each event anew would take most of a test's time.
    kinds = random.choices(range(len(_MIX)), weights, k=2500)
    fields = [
        (_KERNEL + 4 * random.randrange(_PCS), addresses[kind], random.randrange(0x20, 0x7F))
        for kind in kinds
    ]
    for sequence in count_from(0):
        for cpu in range(cpus):
            wanted = min(count - made, packet_bytes // 26)
            if wanted <= 0:
                return
            body: list[Made] = []
            for kind, values in islice(zip(kinds, fields, strict=True), wanted):
                time += 62 + (kind << 5)
                if values[1] == _BUFFER:
                    values = (*values[:2], time & 0xFFFFFFF0)
                body.append((time, ids[kind], values))
            yield packet(body, cpu=cpu, sequence=sequence)
            made += len(body)
