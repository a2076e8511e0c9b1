"""Arrays of events against single ones, and their order against Python's own merge."""

from __future__ import annotations

import heapq
from pathlib import Path

import pytest
from babeltrace import babeltrace
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import boot_like_packets, packet, write_trace
from vellum.trace import reader
from vellum.trace.decode import Event
from vellum.trace.reader import open_trace


@pytest.mark.parametrize("name", ["pc", "addr", "value", "insn", "esr"])
def test_a_column_has_what_babeltrace2_reads(tmp_path: Path, name: str) -> None:
    made = [(n, n % 11, (2**64 - 1 - n, n << 40, n)) for n in range(60) if n % 11 < 8]
    made += [(100, 8, (1, 2, 2**32 - 1, 4)), (101, 9, (5, 6, 7)), (102, 10, (8, 9))]
    made = [(time, kind, _fitting(kind, fields)) for time, kind, fields in made]
    directory = write_trace(tmp_path / "t", [packet(made[:30]), packet(made[30:], sequence=1)])
    theirs = [one.fields.get(name, 0) for one in babeltrace(directory)]
    ours = [value for block in open_trace(directory).blocks() for value in block.field(name)]
    assert ours == theirs and any(theirs)


def _fitting(kind: int, fields: tuple[int, ...]) -> tuple[int, ...]:
    if kind >= 8:
        return fields
    return (*fields[:-1], fields[-1] & ((1 << (8 << kind % 4)) - 1))


times = st.lists(st.integers(0, 30), max_size=30).map(sorted)


@settings(max_examples=150, deadline=None)
@given(cpus=st.lists(times, min_size=1, max_size=5), size=st.integers(1, 7))
def test_all_cpus_come_in_the_order_of_a_merge(
    tmp_path_factory: pytest.TempPathFactory, cpus: list[list[int]], size: int
) -> None:
    directory = tmp_path_factory.mktemp("trace") / "t"
    packets, streams = [], []
    for cpu, ticks in enumerate(cpus):
        made = [(time, 2, (serial, 0, cpu)) for serial, time in enumerate(ticks)]
        parts = [made[start : start + 3] for start in range(0, len(made), 3)]
        packets += [packet(part, cpu=cpu, sequence=n) for n, part in enumerate(parts)]
        streams.append([(time, cpu, fields[0]) for time, _, fields in made])
    write_trace(directory, packets)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "SMALLEST_BLOCK", size)
        patch.setattr(reader, "LARGEST_BLOCK", size)
        found = [(one.time, one.cpu, one.values[1]) for one in open_trace(directory).events()]
    assert found == list(heapq.merge(*streams))


def test_a_window_skips_packets_but_counts_them(tmp_path: Path) -> None:
    packets = [
        packet([(100 * n + k, 0, (0, 0, 0)) for k in range(10)], sequence=n) for n in range(9)
    ]
    trace = open_trace(write_trace(tmp_path / "t", packets))
    found = [int(time) for block in trace.blocks(window=range(305, 402)) for time in block.time]
    assert found == [*range(300, 310), *range(400, 410)]
    assert trace.streams[0].packets == 9


def test_a_long_trace_is_read_whole(tmp_path: Path) -> None:
    directory = write_trace(tmp_path / "t", boot_like_packets(200_000, cpus=3))
    events = list(open_trace(directory).events())
    assert len(events) == 200_000
    assert [one[:2] for one in events] == sorted(one[:2] for one in events)
    assert {type(one) for one in events} == {Event}
