"""Packets as EL2 writes them, from hv/trace built natively: read by us and by babeltrace2."""

from __future__ import annotations

import subprocess
from pathlib import Path
from uuid import UUID

import pytest
from babeltrace import babeltrace, warnings_of
from native import native_tool
from vellum.trace import events
from vellum.trace.reader import open_trace
from vellum.trace.writer import TraceWriter

UUID_OF_TOOL = UUID(bytes=bytes(range(16)))


@pytest.fixture(scope="module")
def write_trace() -> Path:
    return native_tool("write_trace")


@pytest.mark.parametrize("policy", ["block", "drop"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_packets_of_el2_decode_to_what_was_written(
    tmp_path: Path, write_trace: Path, policy: str, seed: int
) -> None:
    directory = tmp_path / "t"
    TraceWriter(directory, uuid=UUID_OF_TOOL, counter_hz=62_500_000, env={}).close()
    cpu = 40 + seed
    done = subprocess.run(
        [str(write_trace), str(directory / f"cpu{cpu}"), str(cpu), policy, str(seed)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    *lines, last = done.stdout.splitlines()
    discarded = int(last.removeprefix("discarded "))
    assert (discarded > 0) == (policy == "drop")

    written = [tuple(map(int, line.split())) for line in lines]
    trace = open_trace(directory)
    ours = [(one.time, one.type_id, *one.values[1:]) for one in trace.events()]
    assert ours == written
    assert not trace.damage
    stream = trace.streams[cpu]
    assert (stream.missing, stream.discarded) == (0, discarded)

    theirs = babeltrace(directory)
    names = [event.name for event in events.EVENTS]
    assert [
        (time, names.index(name), *fields.values()) for time, name, _, fields in theirs
    ] == written
    assert {one[2] for one in theirs} == {cpu}
    told = warnings_of(directory)
    assert sum(told) == discarded
