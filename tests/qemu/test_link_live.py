"""What the link promises, whatever carries it and however slow the host is."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from guest import interrupt, is_running, machine_processes, payload, run, start
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


def hammer(count: int, cpus: int, trace: Path, log: Path, *options: str) -> subprocess.Popen[bytes]:
    """Starts a guest whose CPUs do `count` traced accesses each; returns once they are at it."""
    guest = [*payload("hammer", f"count={count}"), "--smp", str(cpus)]
    process = start([*guest, "--trace", "0x9000fe0+0x4", *options], trace, log)
    end = time.monotonic() + 60
    while not (trace / "cpu1").exists() or (trace / "cpu1").stat().st_size == 0:
        assert process.poll() is None and time.monotonic() < end, log.read_text()
        time.sleep(0.005)
    return process


def stand_still(process: subprocess.Popen[bytes], seconds: float) -> None:
    """The host does nothing for so long; the guest goes on."""
    process.send_signal(signal.SIGSTOP)
    time.sleep(seconds)
    process.send_signal(signal.SIGCONT)


def babeltrace(trace: Path) -> tuple[int, str]:
    """How many events babeltrace2 reads, and what it complains of."""
    done = subprocess.run(["babeltrace2", str(trace)], capture_output=True, text=True, check=True)
    return done.stdout.count("\n"), done.stderr


def test_a_host_that_stands_still_loses_nothing(tmp_path: Path) -> None:
    count = 800_000
    trace, log = tmp_path / "trace", tmp_path / "log"
    process = hammer(count, 2, trace, log)
    try:
        stand_still(process, 2.5)  # more than the 27 bits of an event's timestamp hold
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


def test_what_a_host_that_stands_still_loses_is_counted_to_the_last_event(tmp_path: Path) -> None:
    count, cpus = 300_000, 4
    trace, log = tmp_path / "trace", tmp_path / "log"
    process = hammer(count, cpus, trace, log, "--when-slow", "drop")
    try:
        stand_still(process, 2.0)
        assert process.wait(60) == 0, log.read_text()
    finally:
        process.kill()
    lost = 0
    for cpu in range(cpus):
        found = list(packets(trace / f"cpu{cpu}"))
        assert [packet.packet_seq_num for packet in found] == list(range(len(found)))
        assert sum(p.event_count for p in found) + found[-1].events_discarded == count
        lost += found[-1].events_discarded
    assert lost > 0, "the host was quick enough: nothing was dropped"
    events, complaints = babeltrace(trace)
    assert events == cpus * count - lost
    told = [int(n) for n in re.findall(r"Tracer discarded (\d+) events", complaints)]
    assert sum(told) == lost
    text = log.read_text()
    report = json.loads(text[text.index("\n{") :])["boots"][0]
    assert (report["events"], report["discarded"]) == (events, lost)


@pytest.mark.parametrize("policy", ["block", "drop"])
def test_ctrl_c_amid_a_flood_of_events_leaves_all_up_to_there(policy: str, tmp_path: Path) -> None:
    trace, log = tmp_path / "trace", tmp_path / "log"
    process = hammer(1_000_000_000, 4, trace, log, "--when-slow", policy)
    try:
        time.sleep(0.3)
        machines = machine_processes(process.pid)
        assert interrupt(process) == 130, log.read_text()
    finally:
        process.kill()
    assert not any(map(is_running, machines))
    assert "Traceback" not in log.read_text()
    events, complaints = babeltrace(trace)
    found = {cpu: list(packets(trace / f"cpu{cpu}")) for cpu in range(4)}
    assert events == sum(p.event_count for all_of_cpu in found.values() for p in all_of_cpu)
    for of_cpu in found.values():
        assert [packet.packet_seq_num for packet in of_cpu] == list(range(len(of_cpu)))
    if policy == "block":
        assert complaints == ""
