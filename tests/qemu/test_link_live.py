"""What the link promises, whatever carries it and however slow the host is."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from guest import payload, run, start
from vellum.trace.events import PACKET, Packet

QEMU_COUNTER_HZ = 62_500_000


def packets(stream: Path) -> Iterator[Packet]:
    """The packets of one CPU's stream, in order."""
    data = memoryview(stream.read_bytes())
    while len(data) >= PACKET.size:
        packet = Packet.unpack(data)
        yield packet
        data = data[packet.packet_size // 8 :]
    assert len(data) == 0


def test_the_guest_and_its_trace_are_the_same_over_the_uart(tmp_path: Path) -> None:
    runs = [
        run(
            [*payload("hello"), "--link", link, "--trace", "pl011@9000000", "--no-random"],
            tmp_path / link,
        )
        for link in ("virtio", "pl011")
    ]
    for done in runs:
        assert done.status == 0, done.console
        assert "hello: done failures=0" in done.console
    real, virtual = ([event[1:] for event in done.events()] for done in runs)
    assert len(real) > 100
    assert real == virtual  # the guest's own UART, and the model of it in EL2


def test_a_host_that_stands_still_loses_nothing(tmp_path: Path) -> None:
    count = 800_000
    trace, log = tmp_path / "trace", tmp_path / "log"
    options = [*payload("hammer", f"count={count}"), "--smp", "2"]
    process = start([*options, "--trace", "0x9000fe0+0x4"], trace, log)
    try:
        end = time.monotonic() + 60
        while not (trace / "cpu1").exists() or (trace / "cpu1").stat().st_size == 0:
            assert process.poll() is None and time.monotonic() < end, log.read_text()
            time.sleep(0.005)
        process.send_signal(signal.SIGSTOP)
        time.sleep(2.5)  # more than the 27 bits of an event's timestamp hold
        process.send_signal(signal.SIGCONT)
        assert process.wait(60) == 0, log.read_text()
    finally:
        process.kill()
    for cpu in ("cpu0", "cpu1"):
        found = list(packets(trace / cpu))
        assert sum(packet.event_count for packet in found) == count
        assert [packet.packet_seq_num for packet in found] == list(range(len(found)))
        assert all(packet.events_discarded == 0 for packet in found)
        times = [time for p in found for time in (p.timestamp_begin, p.timestamp_end)]
        assert times == sorted(times)
        wait = max(later - sooner for sooner, later in pairwise(times))
        assert wait > QEMU_COUNTER_HZ, "the guest did not have to wait"
