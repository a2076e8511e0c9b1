"""The trace writer: what it takes, what it refuses, what is on the disk at any moment."""

from __future__ import annotations

import subprocess
from pathlib import Path
from uuid import uuid4

import pytest
from synthetic import COUNTER_HZ, TRACE_UUID, packet, write_trace
from vellum.errors import LinkError, UsageError
from vellum.trace.writer import FLUSH_BYTES, TraceWriter

READ = (1000, 2, (0xFFFF800008010000, 0x9000018, 0x90))


def writer_in(directory: Path) -> TraceWriter:
    return TraceWriter(directory, uuid=TRACE_UUID, counter_hz=COUNTER_HZ, env={})


def babeltrace(directory: Path) -> str:
    done = subprocess.run(
        ["babeltrace2", str(directory)], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout


def test_tells_what_was_in_a_packet(tmp_path: Path) -> None:
    with writer_in(tmp_path / "t") as writer:
        data = packet([READ, READ], cpu=3, discarded=5)
        info = writer.packet(data)
    assert (info.cpu, info.event_count, info.bytes) == (3, 2, len(data))
    assert (info.discarded, info.sequence, info.missing) == (5, 0, 0)
    assert (tmp_path / "t" / "cpu3").read_bytes() == data


def test_a_gap_in_the_sequence_is_counted(tmp_path: Path) -> None:
    with writer_in(tmp_path / "t") as writer:
        writer.packet(packet([READ], sequence=0))
        assert writer.packet(packet([READ], sequence=4)).missing == 3
        assert writer.packet(packet([READ], sequence=5)).missing == 0
        assert writer.packet(packet([READ], cpu=1, sequence=1)).missing == 1
        assert writer.missing == 4


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"short",
        packet([READ])[:-1],
        packet([READ]) + b"x",
        packet([READ], uuid=uuid4()),
        packet([READ], cpu=1 << 20),
        b"\0" + packet([READ])[1:],
    ],
)
def test_refuses_what_is_no_packet_of_this_trace(tmp_path: Path, data: bytes) -> None:
    with writer_in(tmp_path / "t") as writer:
        with pytest.raises(LinkError):
            writer.packet(data)
        assert writer.packets == 0
    assert [path.name for path in (tmp_path / "t").iterdir()] == ["metadata"]


def test_refuses_a_packet_that_came_twice(tmp_path: Path) -> None:
    with writer_in(tmp_path / "t") as writer:
        writer.packet(packet([READ]))
        with pytest.raises(LinkError, match="twice"):
            writer.packet(packet([READ]))


def test_the_folder_is_readable_before_any_packet(tmp_path: Path) -> None:
    writer_in(tmp_path / "t")
    assert babeltrace(tmp_path / "t") == ""


def test_the_folder_is_readable_with_packets_still_waiting(tmp_path: Path) -> None:
    writer = writer_in(tmp_path / "t")
    count = 2 * FLUSH_BYTES // len(packet([READ]))
    for sequence in range(count):
        writer.packet(packet([READ], sequence=sequence))
    # Nothing was closed or flushed by us: this is what a killed host leaves.
    size = (tmp_path / "t" / "cpu0").stat().st_size
    assert size > 0 and size % len(packet([READ])) == 0
    assert len(babeltrace(tmp_path / "t").splitlines()) == size // len(packet([READ]))
    writer.close()


def test_close_twice_does_nothing(tmp_path: Path) -> None:
    writer = writer_in(tmp_path / "t")
    writer.packet(packet([READ]))
    writer.close()
    writer.close()
    assert len(babeltrace(tmp_path / "t").splitlines()) == 1


def test_does_not_write_over_another_trace(tmp_path: Path) -> None:
    write_trace(tmp_path / "t", [packet([READ])])
    with pytest.raises(UsageError, match="already has a trace"):
        writer_in(tmp_path / "t")


def test_an_unwritable_folder_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write a trace"):
        writer_in(tmp_path / "file" / "t")


def test_a_full_disk_is_a_usage_error(tmp_path: Path) -> None:
    writer = writer_in(tmp_path / "t")
    (tmp_path / "t" / "cpu0").symlink_to("/dev/full")
    writer.packet(packet([READ]))
    with pytest.raises(UsageError, match="No space left"):
        writer.close()
