"""The trace reader against babeltrace2, and against damage of every kind."""

from __future__ import annotations

from pathlib import Path

import pytest
from babeltrace import babeltrace
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import TRACE_UUID, Made, packet, write_trace
from vellum.errors import UsageError
from vellum.trace import events
from vellum.trace.decode import decode_packet
from vellum.trace.reader import Damage, open_trace, read_packets

WRAP = 1 << events.TIMESTAMP_BITS
_FIELD_BITS = {"B": 8, "H": 16, "I": 32, "Q": 64}


def fields_of(type_id: int) -> st.SearchStrategy[tuple[int, ...]]:
    codes = events.EVENTS[type_id].layout.format.removeprefix("<")
    return st.tuples(*(st.integers(0, (1 << _FIELD_BITS[code]) - 1) for code in codes))


any_fields = st.integers(0, len(events.EVENTS) - 1).flatmap(
    lambda type_id: st.tuples(st.just(type_id), fields_of(type_id))
)
# Steps up to just under 2^27 ticks, which is what EL2 promises within a packet.
steps = st.one_of(st.integers(0, 2000), st.integers(0, WRAP - 1))


@st.composite
def streams(draw: st.DrawFn) -> list[list[Made]]:
    """Packets of one CPU: times go up, within a packet by less than 2^27 each."""
    time = draw(st.integers(0, 1 << 40))
    packets = []
    for _ in range(draw(st.integers(1, 4))):
        made = []
        for step, (type_id, fields) in draw(
            st.lists(st.tuples(steps, any_fields), min_size=1, max_size=8)
        ):
            time += step
            made.append((time, type_id, fields))
        packets.append(made)
        time += draw(st.integers(1, 1 << 34))
    return packets


def ours(directory: Path) -> list[tuple[int, str, int, dict[str, int]]]:
    trace = open_trace(directory)
    found = [(event.time, event.type.name, event.cpu, event.fields) for event in trace.events()]
    assert not trace.damage
    return found


@settings(max_examples=25, deadline=None)
@given(data=st.lists(streams(), min_size=1, max_size=4))
def test_decodes_what_babeltrace2_decodes(
    tmp_path_factory: pytest.TempPathFactory, data: list[list[list[Made]]]
) -> None:
    directory = tmp_path_factory.mktemp("trace") / "t"
    packets = [
        packet(made, cpu=cpu, sequence=sequence)
        for cpu, stream in enumerate(data)
        for sequence, made in enumerate(stream)
    ]
    write_trace(directory, packets)
    theirs = babeltrace(directory)
    # Events of one time on several CPUs may come in any order.
    assert sorted(map(str, ours(directory))) == sorted(str(tuple(one)) for one in theirs)
    assert [one[0] for one in ours(directory)] == [one[0] for one in theirs]


def test_timestamps_are_extended_across_the_wrap_of_27_bits(tmp_path: Path) -> None:
    times = [5 * WRAP - 3, 5 * WRAP - 1, 5 * WRAP, 6 * WRAP - 1, 6 * WRAP + 7]
    made = [(time, 2, (1, 2, 3)) for time in times]
    write_trace(tmp_path / "t", [packet(made, begin=5 * WRAP - 100)])
    assert [event.time for event in open_trace(tmp_path / "t").events()] == times
    assert [one[0] for one in babeltrace(tmp_path / "t")] == times


def test_events_of_all_cpus_come_in_order_of_time(tmp_path: Path) -> None:
    packets = [
        packet([(10 * n + cpu, 0, (n, 0, 0)) for n in range(50)], cpu=cpu) for cpu in (2, 0, 11)
    ]
    trace = open_trace(write_trace(tmp_path / "t", packets))
    found = [(event.time, event.cpu) for event in trace.events()]
    assert found == sorted(found) and len(found) == 150
    assert {event.cpu for event in trace.events(11)} == {11}


PACKETS = [
    packet([(100 * n + k, (n + k) % 8, (k, n, 1)) for k in range(n)], sequence=n) for n in range(5)
]
WHOLE = b"".join(PACKETS)


def read(data: bytes) -> tuple[list[bytes], list[Damage]]:
    damage: list[Damage] = []
    found = list(read_packets(data, TRACE_UUID, damage=damage))
    for one in found:
        decode_packet(one.header, one.data)
    return [one.data for one in found], damage


def test_truncated_at_every_byte_all_whole_packets_are_found() -> None:
    ends = [len(b"".join(PACKETS[: count + 1])) for count in range(len(PACKETS))]
    for length in range(len(WHOLE) + 1):
        found, damage = read(WHOLE[:length])
        whole = sum(end <= length for end in ends)
        assert found == PACKETS[:whole]
        rest = length - (ends[whole - 1] if whole else 0)
        assert sum(one.size for one in damage) == rest


def test_one_wrong_byte_anywhere_costs_at_most_the_packet_it_is_in() -> None:
    for position in range(len(WHOLE)):
        wrong = bytearray(WHOLE)
        wrong[position] ^= 0xFF
        damage: list[Damage] = []
        found = [one.data for one in read_packets(bytes(wrong), TRACE_UUID, damage=damage)]
        assert sum(one in found for one in PACKETS) >= len(PACKETS) - 1
        assert sum(map(len, found)) + sum(one.size for one in damage) == len(WHOLE)


def test_garbage_between_packets_is_skipped_and_reported() -> None:
    found, damage = read(b"junk" + PACKETS[1] + b"\xc1\x1f\xfc\xc1" * 9 + PACKETS[2] + b"end")
    assert found == [PACKETS[1], PACKETS[2]]
    assert [one.size for one in damage] == [4, 36, 3]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_random_bytes_never_crash_it(data: st.DataObject) -> None:
    parts = st.one_of(
        st.binary(max_size=200),
        st.sampled_from(PACKETS),
        st.sampled_from(PACKETS).map(lambda one: one[:60]),
        st.binary(max_size=200).map(lambda tail: PACKETS[3][:24] + tail),
    )
    stream = b"".join(data.draw(st.lists(parts, max_size=8)))
    damage: list[Damage] = []
    total = sum(len(one.data) for one in read_packets(stream, TRACE_UUID, damage=damage))
    assert total + sum(one.size for one in damage) == len(stream)


def test_a_packet_with_broken_events_is_reported_and_the_next_is_read(tmp_path: Path) -> None:
    write_trace(tmp_path / "t", PACKETS)
    stream = tmp_path / "t" / "cpu0"
    data = bytearray(stream.read_bytes())
    data[len(PACKETS[0]) + len(PACKETS[1]) + events.PACKET.size] = 0x1F  # no event has this id
    stream.write_bytes(data)
    trace = open_trace(tmp_path / "t")
    assert len(list(trace.events())) == 1 + 3 + 4
    assert [one.offset for one in trace.damage] == [len(PACKETS[0]) + len(PACKETS[1])]


@pytest.mark.parametrize("case", ["nothing", "file", "empty", "foreign", "binary", "uuid"])
def test_what_is_no_trace_is_a_usage_error_of_one_line(tmp_path: Path, case: str) -> None:
    directory = tmp_path / "t"
    if case == "file":
        directory.write_text("x")
    elif case != "nothing":
        directory.mkdir()
    metadata = {
        "foreign": b"/* CTF 1.8 */ trace { major = 1; };",
        "binary": bytes(range(256)),
        "uuid": b'/* CTF 1.8 */ uuid = "------------------------------------"; freq = 1;',
    }
    if case in metadata:
        (directory / "metadata").write_bytes(metadata[case])
    with pytest.raises(UsageError) as error:
        open_trace(directory)
    assert "\n" not in str(error.value)


def test_a_cpu_without_a_stream_is_a_usage_error(tmp_path: Path) -> None:
    trace = open_trace(write_trace(tmp_path / "t", [packet([(1, 0, (1, 2, 3))], cpu=2)]))
    with pytest.raises(UsageError, match="it has 2"):
        trace.events(0)
