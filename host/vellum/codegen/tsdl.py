"""The trace's metadata in TSDL, the language of CTF 1.8 (diamon.org/ctf, section 7)."""

from __future__ import annotations

from collections.abc import Iterable

from vellum.codegen.model import Event, Events, Field

__all__ = ["metadata_template"]

_TEMPLATE = """\
/* CTF 1.8 */

typealias integer {{ size = 8; align = 8; signed = false; }} := uint8_t;
typealias integer {{ size = 32; align = 8; signed = false; }} := uint32_t;
typealias integer {{ size = 64; align = 8; signed = false; }} := uint64_t;
typealias integer {{ size = 8; align = 8; signed = false; base = 16; }} := hex8_t;
typealias integer {{ size = 16; align = 8; signed = false; base = 16; }} := hex16_t;
typealias integer {{ size = 32; align = 8; signed = false; base = 16; }} := hex32_t;
typealias integer {{ size = 64; align = 8; signed = false; base = 16; }} := hex64_t;

trace {{
	major = 1;
	minor = 8;
	uuid = "$uuid";
	byte_order = le;
	packet.header := struct {{
{header}
	}};
}};

env {{
$env
}};

clock {{
	name = cntvct;
	description = "CNTVCT_EL0, the guest's view of the generic timer";
	freq = $frequency;
	offset = 0;
}};

typealias integer {{
	size = 64; align = 8; signed = false;
	map = clock.cntvct.value;
}} := timestamp_t;

stream {{
	id = {stream_id};
	event.header := struct {{
		integer {{ size = {id_bits}; align = 8; signed = false; }} id;
		integer {{
			size = {timestamp_bits}; align = 1; signed = false;
			map = clock.cntvct.value;
		}} timestamp;
	}};
	packet.context := struct {{
{context}
	}};
}};
{events}"""


def metadata_template(events: Events) -> str:
    """The metadata with $uuid, $frequency and $env left open (string.Template)."""
    return _TEMPLATE.format(
        header=_fields(events.header),
        context=_fields(events.context),
        stream_id=events.stream_id,
        id_bits=events.id_bits,
        timestamp_bits=events.timestamp_bits,
        events="".join(_event(event, events.stream_id) for event in events.events),
    )


def _fields(fields: Iterable[Field]) -> str:
    return "\n".join(f"\t\t{_type(field)} {field.name}{_array(field)};" for field in fields)


def _type(field: Field) -> str:
    if field.name in ("timestamp_begin", "timestamp_end"):
        return "timestamp_t"
    return f"uint{field.alignment * 8}_t"


def _array(field: Field) -> str:
    return f"[{field.count}]" if field.count > 1 else ""


def _event(event: Event, stream_id: int) -> str:
    rows = "\n".join(f"\t\thex{f.alignment * 8}_t {f.name};" for f in event.fields)
    return (
        f"\nevent {{\n\tname = {event.name};\n\tid = {event.id};\n\tstream_id = {stream_id};\n"
        f"\tfields := struct {{\n{rows}\n\t}};\n}};\n"
    )
