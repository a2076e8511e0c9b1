"""Link and calls, against a Vellum in Python."""

from __future__ import annotations

import os
import queue
import socket
import threading
import time
from uuid import UUID

import pytest
from fake_target import FakeTarget
from vellum.errors import GuestFault, LinkError, RpcError
from vellum.link import messages as m
from vellum.link.frame import Channel, encode
from vellum.link.link import Link
from vellum.link.memory import MemoryTransport, memory_pair
from vellum.link.rpc import Rpc
from vellum.link.target import CHUNK, Target
from vellum.link.transport import SocketTransport


class Pair:
    """A host's link and the Vellum at its other end."""

    def __init__(self, fdt: bytes = b"") -> None:
        ours, self.theirs = memory_pair()
        self.fake = FakeTarget(self.theirs, fdt=fdt)
        self.link = Link(ours)
        self.problems: list[str] = []
        self.link.on_problem = self.problems.append
        self.target = Target(Rpc(self.link))
        self.link.start()


@pytest.fixture
def pair() -> Pair:
    result = Pair(bytes(range(256)) * 300)
    result.fake.start()
    return result


def nothing(*_: object) -> None:
    pass


def test_hello_tells_what_the_machine_is(pair: Pair) -> None:
    assert pair.target.hello(patience=2, check=nothing) == pair.fake.hello()


def test_hello_gives_up_and_says_so() -> None:
    pair = Pair()
    pair.fake.silent = True
    pair.fake.start()
    with pytest.raises(LinkError, match="did not answer within 1 s"):
        pair.target.hello(patience=1, check=nothing)


def test_memory_is_read_in_pieces_that_the_link_takes(pair: Pair) -> None:
    fake = pair.fake
    assert pair.target.read(fake.vellum_base, len(fake.fdt)) == fake.fdt
    assert all(c.length <= CHUNK for c in fake.calls if isinstance(c, m.MemReadCall))


def test_memory_is_written_whole_and_progress_told(pair: Pair) -> None:
    data = os.urandom(100 * CHUNK + 5)
    steps: list[int] = []
    pair.target.write(0x40200000, data, steps.append)
    assert b"".join(pair.fake.writes[a] for a in sorted(pair.fake.writes)) == data
    assert steps[-1] == len(data) and steps == sorted(steps)


def test_progress_may_stop_a_write(pair: Pair) -> None:
    class Stop(Exception):
        pass

    def stop(done: int) -> None:
        raise Stop

    with pytest.raises(Stop):
        pair.target.write(0, bytes(100 * CHUNK), stop)
    assert pair.target.hello(patience=2, check=nothing)  # the link is still whole


def test_a_fault_names_the_address(pair: Pair) -> None:
    pair.fake.refuse[m.MemReadCall.TYPE] = m.Status.FAULT
    with pytest.raises(GuestFault) as caught:
        pair.target.read(0x1000, 64)
    assert (caught.value.address, caught.value.size) == (0x1000, 64)


def test_a_refusal_names_call_and_reason(pair: Pair) -> None:
    pair.fake.refuse[m.RegionAddCall.TYPE] = m.Status.OVERLAP
    with pytest.raises(RpcError, match="region_add was refused by Vellum: overlap"):
        pair.target.trace_region(0, 4096)


def test_the_uuid_crosses_byte_for_byte(pair: Pair) -> None:
    uuid = UUID("00112233-4455-6677-8899-aabbccddeeff")
    pair.target.trace_setup(uuid, drop=True)
    assert pair.fake.trace_uuid == uuid.bytes
    assert pair.fake.calls[-1].policy == 1  # type: ignore[attr-defined]


def test_stats_are_by_name_then_by_cpu(pair: Pair) -> None:
    stats = pair.target.stats()
    assert stats.exits["mmio_traced"] == [0] and stats.exits["unknown"] == [len(m.Exit) - 1]


def test_calls_do_not_wait_for_each_other(pair: Pair) -> None:
    futures = [pair.target.rpc.submit(m.FlushCall()) for _ in range(200)]
    assert all(isinstance(f.result(2), m.FlushReply) for f in futures)


def test_a_silent_vellum_is_an_error_in_time(pair: Pair) -> None:
    pair.fake.silent = True
    with pytest.raises(LinkError, match=r"did not answer flush within 0\.1 s"):
        pair.target.flush(0.1)


def test_a_closed_link_fails_what_waits_and_what_comes_after(pair: Pair) -> None:
    pair.fake.silent = True
    closed: queue.Queue[LinkError] = queue.Queue()
    pair.link.on_closed(closed.put)
    threading.Timer(0.1, pair.theirs.close).start()
    with pytest.raises(LinkError, match="closed"):
        pair.target.flush(5)
    assert closed.get(timeout=1)
    with pytest.raises(LinkError, match="closed"):
        pair.target.flush(5)


def test_a_gap_in_the_sequence_is_counted_and_told(pair: Pair) -> None:
    for sequence in (0, 3):
        pair.theirs.send([encode(Channel.LOG, sequence, [b"x"]), b"x"])
    pair.target.flush(1)
    assert pair.problems == ["2 frames of channel LOG missing"]
    assert pair.link.problem_count == 1


def test_a_restart_counts_from_zero_again(pair: Pair) -> None:
    pair.target.flush(1)
    for link in (pair.link, pair.fake.link):
        link.expect_restart()
        link.restart()
    pair.target.flush(1)
    assert pair.problems == []


def test_nonsense_on_the_rpc_channel_is_told(pair: Pair) -> None:
    link = pair.fake.link
    link.send(Channel.RPC, b"short")
    link.send(Channel.RPC, m.RpcHeader(0x4FFF, 0, 0, 0).pack())
    link.send(Channel.RPC, m.RpcHeader(0x8007, 0, 999, 0).pack())
    link.send(Channel.RPC, m.RpcHeader(0x4002, 0, 0, 100).pack())
    pair.target.flush(1)
    assert len(pair.problems) == 4


def test_a_reply_shorter_than_its_fields_is_an_error(pair: Pair) -> None:
    pair.fake.silent = True
    future = pair.target.rpc.submit(m.GuestStartCall(0, 0))
    pair.fake.link.send(Channel.RPC, m.RpcHeader(0x8006, 0, 1, 2).pack(), b"ab")
    with pytest.raises(LinkError, match="makes no sense"):
        future.result(1)


def test_events_reach_their_handler(pair: Pair) -> None:
    pair.target.flush(1)  # `ready` is behind us
    events: queue.Queue[m.Message] = queue.Queue()
    pair.target.rpc.on_event = events.put
    pair.fake.stop(m.StopReason.SYSTEM_RESET)
    event = events.get(timeout=1)
    assert isinstance(event, m.GuestStopEvent) and event.reason == m.StopReason.SYSTEM_RESET


def test_a_full_disk_in_a_handler_closes_the_link_with_the_reason(pair: Pair) -> None:
    def full(_: memoryview) -> None:
        raise OSError(28, "No space left on device")

    closed: queue.Queue[LinkError] = queue.Queue()
    pair.link.on_closed(closed.put)
    pair.link.handle(Channel.TRACE, full)
    pair.fake.trace(1)
    assert "No space left" in str(closed.get(timeout=1))


def test_a_socket_that_is_not_read_makes_an_error_not_a_hang() -> None:
    one, other = socket.socketpair()
    transport = SocketTransport(one, send_timeout=0.2)
    begin = time.monotonic()
    with pytest.raises(LinkError, match="takes nothing"):
        transport.send([bytes(16 << 20)])
    assert time.monotonic() - begin < 3
    other.close()


def test_a_socket_carries_more_than_its_buffers() -> None:
    one, other = socket.socketpair()
    sender, receiver = SocketTransport(one), SocketTransport(other)
    data = os.urandom(3 << 20)
    thread = threading.Thread(target=lambda: sender.send([data[:7], data[7:], b""]))
    thread.start()
    got = bytearray()
    buffer = memoryview(bytearray(1 << 16))
    while len(got) < len(data):
        got += buffer[: receiver.receive_into(buffer)]
    thread.join()
    sender.close()
    assert got == data and receiver.receive_into(buffer) == 0


def test_memory_transport_ends_like_a_socket() -> None:
    one, other = memory_pair()
    other.close()
    assert one.receive_into(memoryview(bytearray(4))) == 0
    with pytest.raises(LinkError):
        MemoryTransport.send(one, [b"x"])
