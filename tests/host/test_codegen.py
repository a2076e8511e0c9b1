"""The generated files: fresh, consistent with each other, and readable by others' tools."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest
from vellum.codegen.__main__ import ROOT, stale
from vellum.codegen.model import DescriptionError, load_messages
from vellum.link import messages as m
from vellum.trace import events as t

TRACE_UUID = UUID("12345678-9abc-def0-1122-334455667788")
FREQUENCY = 62_500_000


def test_generated_files_are_not_stale() -> None:
    assert stale(ROOT) == [], "run `python -m vellum.codegen`"


def test_check_on_the_command_line_agrees() -> None:
    command = [sys.executable, "-m", "vellum.codegen", "--check"]
    assert subprocess.run(command, cwd=ROOT / "host", check=False).returncode == 0


def test_python_layouts_have_the_sizes_that_c_asserts() -> None:
    header = (ROOT / "hv/link/messages.h").read_text()
    sizes = dict(re.findall(r"sizeof\(struct (\w+)\) == (\d+)", header))
    others: list[type[m.Message]] = [m.RpcHeader, m.CpuStateRecord]
    for cls in {*m.CALLS.values(), *m.REPLIES.values(), *m.EVENTS.values(), *others}:
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower()
        assert cls.LAYOUT.size == int(sizes.pop(name, 0)), name
    assert sizes == {}


def test_a_message_survives_pack_and_unpack() -> None:
    call = m.MemWriteCall(0x4000_0000, b"bytes")
    assert call.pack() == struct.pack("<Q", 0x4000_0000) + b"bytes"
    assert m.MemWriteCall.unpack(call.pack()) == call
    hello = m.HelloReply(*range(1, 15))
    assert m.HelloReply.unpack(hello.pack()) == hello


def test_padding_is_sent_as_zero() -> None:
    assert m.HelloCall(1).pack() == bytes([1, 0, 0, 0, 0, 0, 0, 0])


def test_a_short_message_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="HelloReply: 79 bytes, needs 80"):
        m.HelloReply.unpack(bytes(79))


def test_calls_and_replies_pair_up() -> None:
    assert {number | m.REPLY for number in m.CALLS} == set(m.REPLIES)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('["version", "u32"], ["pad", "u32"]]', '["version", "u32"], ["x", "u64"]]', "not aligned"),
        ('args = [["address", "u64"]]', 'args = [["address", "u24"]]', "no type u24"),
        ("number = 3", "number = 2", "call number 2 is there twice"),
        ('["x0", "u64"]]', '["x0", "u32"]]', "padding at the end"),
    ],
)
def test_a_bad_description_is_refused(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    text = (ROOT / "hv/link/messages.toml").read_text()
    assert old in text
    broken = tmp_path / "messages.toml"
    broken.write_text(text.replace(old, new, 1))
    with pytest.raises(DescriptionError, match=complaint):
        load_messages(broken)


def packet(sequence: int, stamps: list[int], bodies: list[bytes], discarded: int = 0) -> bytes:
    """A CTF packet of events, laid out by hand; stamps are full counter values."""
    mask = (1 << 27) - 1
    body = b"".join(
        struct.pack("<I", (stamp & mask) << 5 | data[0]) + data[1:]
        for stamp, data in zip(stamps, bodies, strict=True)
    )
    bits = (80 + len(body)) * 8
    head = struct.pack("<I16sI", 0xC1FC1FC1, TRACE_UUID.bytes, 0)
    context = (stamps[0], stamps[-1], bits, bits, sequence, discarded, 3, len(bodies))
    return head + struct.pack("<6Q2I", *context) + body


def babeltrace(directory: Path) -> list[str]:
    """What babeltrace2 prints of a trace, timestamps as cycles."""
    if shutil.which("babeltrace2") is None:
        pytest.skip("babeltrace2 is not installed")
    command = ["babeltrace2", "--clock-cycles", str(directory)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines() + result.stderr.splitlines()


def write_trace(directory: Path, stream: bytes) -> None:
    env: dict[str, str | int] = {"tracer_name": "vellum", "note": 'quotes " and \\ stay', "cpus": 4}
    (directory / "metadata").write_text(t.metadata(TRACE_UUID, FREQUENCY, env))
    (directory / "cpu3").write_bytes(stream)


def test_babeltrace2_reads_every_event(tmp_path: Path) -> None:
    samples = [
        bytes([event.id]) + event.layout.pack(*range(0x10, 0x10 + len(event.fields)))
        for event in t.EVENTS
    ]
    start = (5 << 27) - 4  # the 27 bits of the event header wrap within the packet
    write_trace(tmp_path, packet(0, [start + i for i in range(len(samples))], samples))
    lines = babeltrace(tmp_path)
    assert len(lines) == len(t.EVENTS)
    for index, (line, event) in enumerate(zip(lines, t.EVENTS, strict=True)):
        assert f"[{start + index:020}]" in line
        assert f" {event.name}: " in line
        assert "cpu_id = 3" in line
        for value, field in enumerate(event.fields, 0x10):
            assert f"{field} = 0x{value:X}" in line


def test_babeltrace2_tells_of_lost_events_and_packets(tmp_path: Path) -> None:
    body = bytes([2]) + struct.pack("<QQI", 1, 2, 3)
    first, second = packet(0, [100], [body]), packet(2, [200], [body], discarded=7)
    write_trace(tmp_path, first + second)
    text = "\n".join(babeltrace(tmp_path))
    assert "discarded 7 events" in text
    assert "discarded 1 packet" in text


def test_sizes_count_the_event_header() -> None:
    header = (ROOT / "hv/trace/events.h").read_text()
    for event in t.EVENTS:
        assert event.size == 4 + event.layout.size
        assert f"#define TRACE_{event.name.upper()}_SIZE {event.size}\n" in header
    assert t.PACKET.size == 80
