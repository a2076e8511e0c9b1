"""What is traced changes while the guest runs on all CPUs: no access is lost or done twice."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from guest import Run
from live import live_guest
from vellum.errors import RpcError

ID0 = 0x9000FE0  # the PL011's first identification register, which `hammer` reads
LOG = ("-trace", "memory_region_ops_read", "-D")


def accesses(log: Path) -> int:
    """How many times the machine itself saw a read of ID0."""
    pattern = r"memory_region_ops_read cpu \d+ mr \S+ addr 0x9000fe0 "
    return len(re.findall(pattern, log.read_text()))


@pytest.mark.parametrize("cpus", [1, 4])
def test_ranges_come_and_go_under_load(cpus: int, tmp_path: Path) -> None:
    count, log = 60_000, tmp_path / "qemu.log"
    qemu = (*LOG, str(log))
    with live_guest("hammer", f"count={count}", cpus, tmp_path / "trace", qemu) as live:
        rounds = 0
        while not live.stopped.is_set() or rounds == 0:
            live.target.trace_region(ID0, 4)
            live.target.change_region(ID0, 4, read=False, write=True)
            live.target.change_region(ID0, 4, read=True, write=True)
            live.target.change_region(ID0, 4, read=False, write=False)
            rounds += 1
    assert rounds > 3
    events = Run(0, "", {}, tmp_path / "trace").events()
    assert {event[1:3] for event in events} == {("read", ID0)}
    assert accesses(log) == cpus * count  # each CPU's reads, all of them, each once
    assert 0 < len(events) < cpus * count


def test_a_range_added_late_is_traced_from_then_on(tmp_path: Path) -> None:
    with live_guest("hammer", "count=2000000", 4, tmp_path / "trace") as live:
        time.sleep(0.1)
        before = sum(live.target.stats().exits["mmio_traced"])
        live.target.trace_region(ID0, 4)
        time.sleep(0.1)
        live.target.change_region(ID0, 4, read=False, write=False)
        after = sum(live.target.stats().exits["mmio_traced"])
        time.sleep(0.1)
        later = sum(live.target.stats().exits["mmio_traced"])
        live.target.flush(5.0)
    assert before == 0 < after == later
    assert len(Run(0, "", {}, tmp_path / "trace").events()) == after


def test_ten_thousand_ranges(tmp_path: Path) -> None:
    with live_guest("hello", "", 1, tmp_path / "trace") as live:
        # 10,000 registers of 4 bytes, every other word of the flash banks' command space.
        for index in range(10_000):
            live.target.trace_region(0x4000000 + 8 * index, 4)
        with pytest.raises(RpcError):
            live.target.trace_region(0x4000000 + 8 * 9_999, 8)
        live.target.change_region(0x4000000, 8 * 10_000, read=False, write=False)
        with pytest.raises(RpcError):
            live.target.change_region(0x4000000, 8 * 10_000, read=False, write=False)
