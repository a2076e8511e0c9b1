"""Events and packets of the trace, and their metadata for readers of CTF 1.8.

From hv/trace/events.toml.
Written by `python -m vellum.codegen`; do not edit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from string import Template
from struct import Struct
from uuid import UUID

MAGIC = 0xC1FC1FC1
STREAM_ID = 0
ID_BITS = 5
TIMESTAMP_BITS = 27


@dataclass(frozen=True)
class EventType:
    """One kind of event: `fields` lie unaligned behind the u32 event header, as `layout` says."""

    id: int
    name: str
    fields: tuple[str, ...]
    layout: Struct
    size: int  # bytes in a packet, header included


@dataclass(frozen=True)
class Packet:
    """What a packet begins with, 80 bytes; sizes are in bits."""

    magic: int
    uuid: bytes
    stream_id: int
    timestamp_begin: int
    timestamp_end: int
    content_size: int
    packet_size: int
    packet_seq_num: int
    events_discarded: int
    cpu_id: int
    event_count: int

    @classmethod
    def unpack(cls, data: bytes | memoryview) -> Packet:
        """From the first bytes of a packet. struct.error: too short."""
        return cls(*PACKET.unpack_from(data))


PACKET = Struct("<I16sIQQQQQQII")

EVENTS = (
    EventType(0, "mmio_read8", ("pc", "addr", "value"), Struct("<QQB"), 21),
    EventType(1, "mmio_read16", ("pc", "addr", "value"), Struct("<QQH"), 22),
    EventType(2, "mmio_read32", ("pc", "addr", "value"), Struct("<QQI"), 24),
    EventType(3, "mmio_read64", ("pc", "addr", "value"), Struct("<QQQ"), 28),
    EventType(4, "mmio_write8", ("pc", "addr", "value"), Struct("<QQB"), 21),
    EventType(5, "mmio_write16", ("pc", "addr", "value"), Struct("<QQH"), 22),
    EventType(6, "mmio_write32", ("pc", "addr", "value"), Struct("<QQI"), 24),
    EventType(7, "mmio_write64", ("pc", "addr", "value"), Struct("<QQQ"), 28),
    EventType(8, "mmio_stepped", ("pc", "addr", "insn", "esr"), Struct("<QQII"), 28),
    EventType(9, "mmio_aborted", ("pc", "addr", "esr"), Struct("<QQI"), 24),
    EventType(10, "trap_unknown", ("pc", "esr"), Struct("<QI"), 16),
)

_METADATA = Template("""\
/* CTF 1.8 */

typealias integer { size = 8; align = 8; signed = false; } := uint8_t;
typealias integer { size = 32; align = 8; signed = false; } := uint32_t;
typealias integer { size = 64; align = 8; signed = false; } := uint64_t;
typealias integer { size = 8; align = 8; signed = false; base = 16; } := hex8_t;
typealias integer { size = 16; align = 8; signed = false; base = 16; } := hex16_t;
typealias integer { size = 32; align = 8; signed = false; base = 16; } := hex32_t;
typealias integer { size = 64; align = 8; signed = false; base = 16; } := hex64_t;

trace {
	major = 1;
	minor = 8;
	uuid = "$uuid";
	byte_order = le;
	packet.header := struct {
		uint32_t magic;
		uint8_t uuid[16];
		uint32_t stream_id;
	};
};

env {
$env
};

clock {
	name = cntvct;
	description = "CNTVCT_EL0, the guest's view of the generic timer";
	freq = $frequency;
	offset = 0;
};

typealias integer {
	size = 64; align = 8; signed = false;
	map = clock.cntvct.value;
} := timestamp_t;

stream {
	id = 0;
	event.header := struct {
		integer { size = 5; align = 8; signed = false; } id;
		integer {
			size = 27; align = 1; signed = false;
			map = clock.cntvct.value;
		} timestamp;
	};
	packet.context := struct {
		timestamp_t timestamp_begin;
		timestamp_t timestamp_end;
		uint64_t content_size;
		uint64_t packet_size;
		uint64_t packet_seq_num;
		uint64_t events_discarded;
		uint32_t cpu_id;
		uint32_t event_count;
	};
};

event {
	name = mmio_read8;
	id = 0;
	stream_id = 0;
	fields := struct {
		hex64_t pc;
		hex64_t addr;
		hex8_t value;
	};
};

event {
	name = mmio_read16;
	id = 1;
	stream_id = 0;
	fields := struct {
		hex64_t pc;
		hex64_t addr;
		hex16_t value;
	};
};

event {
	name = mmio_read32;
	id = 2;
	stream_id = 0;
	fields := struct {
		hex64_t pc;
		hex64_t addr;
		hex32_t value;
	};
};

event {
	name = mmio_read64;
	id = 3;
	stream_id = 0;
	fields := struct {
		hex64_t pc;
		hex64_t addr;
		hex64_t value;
	};
};

event {
	name = mmio_write8;
	id = 4;
	stream_id = 0;
	fields := struct {
		hex64_t pc;
		hex64_t addr;
		hex8_t value;
	};
};

event {
	name = mmio_write16;
	id = 5;
	stream_id = 0;
	fields := struct {
		hex64_t pc;
		hex64_t addr;
		hex16_t value;
	};
};

event {
	name = mmio_write32;
	id = 6;
	stream_id = 0;
	fields := struct {
		hex64_t pc;
		hex64_t addr;
		hex32_t value;
	};
};

event {
	name = mmio_write64;
	id = 7;
	stream_id = 0;
	fields := struct {
		hex64_t pc;
		hex64_t addr;
		hex64_t value;
	};
};

event {
	name = mmio_stepped;
	id = 8;
	stream_id = 0;
	fields := struct {
		hex64_t pc;
		hex64_t addr;
		hex32_t insn;
		hex32_t esr;
	};
};

event {
	name = mmio_aborted;
	id = 9;
	stream_id = 0;
	fields := struct {
		hex64_t pc;
		hex64_t addr;
		hex32_t esr;
	};
};

event {
	name = trap_unknown;
	id = 10;
	stream_id = 0;
	fields := struct {
		hex64_t pc;
		hex32_t esr;
	};
};
""")


def metadata(uuid: UUID, frequency: int, env: Mapping[str, str | int]) -> str:
    """The trace's `metadata` file: CTF 1.8 in TSDL. frequency: of the counter, in Hz."""
    return _METADATA.substitute(
        uuid=uuid,
        frequency=frequency,
        env="\n".join(f"\t{name} = {_tsdl(value)};" for name, value in env.items()),
    )


def _tsdl(value: str | int) -> str:
    """A literal of TSDL: an integer, or a string with C's escapes."""
    if isinstance(value, int):
        return str(value)
    text = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{text}"'
