"""A guest that sleeps, untraced, is not disturbed: the longer sleep has no exit more."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from guest import Run, linux, payload, run

QEMU_COUNTER_HZ = 62_500_000


def exits(done: Run) -> dict[str, int]:
    """What the guest's life has cost, by reason.

    But for the link's own interrupts: they come when the host reads, once or not at all here.
    """
    assert done.status == 0, done.console
    counts = dict(done.boot["exits"])
    assert counts.pop("fiq_link") <= 1
    return counts


@pytest.mark.parametrize("cpus", [1, 4])
def test_wfi_and_timer_ticks_cost_no_exit(cpus: int, tmp_path: Path) -> None:
    """Each CPU sleeps in WFI, 10 ms a tick, of both timers."""
    options = ("--smp", str(cpus), "--no-random")
    few, many = (
        run(
            [*payload("timer", f"rounds=0 delay=625000 count={count}"), *options],
            tmp_path / str(count),
        )
        for count in (10, 110)
    )
    assert many.boot["guest_seconds"] >= 2 * 110 * 0.01
    much, little = exits(many), exits(few)
    if cpus > 1:
        # At the end CPU 0 asks PSCI until the others are off: how often, is chance.
        del much["psci"], little["psci"]
    assert much == little


def test_an_idle_linux_costs_no_exit(tmp_path: Path) -> None:
    runs = {}
    for seconds in (1, 3):
        options = linux("debian-6.1-cloud", "counter,idle,counter,off", f"vellum.idle={seconds}")
        runs[seconds] = run([*options, "--no-random"], tmp_path / str(seconds))
        before, after = map(int, re.findall(r"vellum: counter: ok (\d+)", runs[seconds].console))
        assert after - before > seconds * QEMU_COUNTER_HZ
    assert exits(runs[3]) == exits(runs[1])
