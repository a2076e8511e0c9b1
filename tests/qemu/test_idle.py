"""A guest that sleeps, untraced, is not disturbed: the longer sleep has no exit more."""

from __future__ import annotations

from pathlib import Path

import pytest
from guest import linux, payload, run


def exits(options: list[str], directory: Path) -> tuple[dict[str, int], float]:
    """What the guest's life has cost, and how long it was, seconds of its time.

    But for the link's own interrupts: they come when the host reads, once or not at all here.
    """
    done = run([*options, "--no-random"], directory)
    assert done.status == 0, done.console
    counts = done.boot["exits"]
    assert counts.pop("fiq_link") <= 1
    return counts, done.boot["guest_seconds"]


@pytest.mark.parametrize("cpus", [1, 4])
def test_wfi_and_timer_ticks_cost_no_exit(cpus: int, tmp_path: Path) -> None:
    """Each CPU sleeps in WFI, 10 ms a tick, of both timers."""
    few, many = (
        exits(
            [*payload("timer", f"rounds=0 delay=625000 count={count}"), "--smp", str(cpus)],
            tmp_path / str(count),
        )
        for count in (10, 110)
    )
    assert many[1] - few[1] >= 2 * 100 * 0.01
    assert many[0] == few[0]


def test_an_idle_linux_costs_no_exit(tmp_path: Path) -> None:
    short, long = (
        exits(linux("debian-6.1-cloud", "idle,off", f"vellum.idle={n}"), tmp_path / str(n))
        for n in (1, 4)
    )
    assert long[1] - short[1] > 2
    assert long[0] == short[0]
