"""Runs of a guest under `vellum run`, and bare, with time counted in instructions.

Everything runs under `-icount shift=0,sleep=off`: 1 ns of guest time is one instruction, so a tick
of CNTVCT_EL0 at 62.5 MHz is 16 of them.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TREE = Path(__file__).resolve().parents[2]
VELLUM = Path(sys.executable).parent / "vellum"
NANOSECONDS = 1_000_000_000
TIMEOUT = 240  # seconds of wall time, for the longest of them on a busy machine


class BenchError(Exception):
    """A run that failed, or a result that cannot be right; one line."""


@dataclass(frozen=True)
class Guest:
    """What is booted."""

    kernel: Path
    append: str
    initrd: Path | None = None
    smp: int = 1
    memory: int = 256 << 20  # bytes, of the machine


@dataclass(frozen=True)
class Run:
    """What came of it."""

    console: str
    folder: Path | None = None  # of the trace; None: bare
    record: dict[str, Any] = field(default_factory=dict)  # run.json

    @property
    def start_counter(self) -> int:
        """CNTVCT_EL0 when the guest was entered."""
        return int(self.record["start_counter"]) if self.record else 0


def payload(name: str, append: str = "", smp: int = 1) -> Guest:
    """The bare-metal guest of that name."""
    return Guest(TREE / f"build/payloads/{name}.img", append, smp=smp)


def run_vellum(guest: Guest, folder: Path, *, trace: str = "", qemu: tuple[str, ...] = ()) -> Run:
    """Boots it under Vellum, tracing the device `trace` into the folder. BenchError."""
    options = ["-o", str(folder), "--force"]
    if trace:
        options += ["--trace", trace]
    console = _run(guest, guest.memory, options, qemu)
    record = json.loads((folder / "vellum/run.json").read_text())
    return Run(console, folder, record)


def run_bare(guest: Guest, memory: int = 0, qemu: tuple[str, ...] = ()) -> Run:
    """Boots it without Vellum. `memory`: RAM where not the guest's own figure. BenchError."""
    return Run(_run(guest, memory or guest.memory, ["--bare"], qemu))


def _run(guest: Guest, memory: int, options: list[str], qemu: tuple[str, ...]) -> str:
    command = [str(VELLUM), "run", "--icount", "--no-random", "--timeout", str(TIMEOUT)]
    command += ["--kernel", str(guest.kernel), "--append", guest.append]
    command += ["--smp", str(guest.smp), "--mem", f"{memory >> 20}M", *options]
    if guest.initrd:
        command += ["--initrd", str(guest.initrd)]
    try:
        done = subprocess.run(
            [*command, "--", *qemu],
            cwd=TREE,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT + 30,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BenchError(f"vellum run of {guest.kernel.name}: {error}") from error
    if done.returncode != 0:
        words = done.stderr.strip().splitlines() or ["it said nothing"]
        raise BenchError(
            f"vellum run of {guest.kernel.name} ended with {done.returncode}: {words[-1]}"
        )
    return done.stdout


def loop_instructions(run: Run) -> float:
    """Instructions a round of the line `NAME: ok ... rounds=N ticks=T counter_hz=F`."""
    found = re.search(r"ok .*rounds=(\d+) ticks=(\d+) counter_hz=(\d+)", run.console)
    if not found or "FAILED" in run.console:
        lines = run.console.strip().splitlines() or ["nothing"]
        raise BenchError(f"a payload did not count: it printed {lines[-1]!r}")
    rounds, ticks, counter_hz = map(int, found.groups())
    return ticks * (NANOSECONDS / counter_hz) / rounds


def boot_instructions(run: Run, counter_hz: int) -> float:
    """From the kernel's first instruction to /init, which prints the counter."""
    found = re.search(r"vellum: counter: ok (\d+)", run.console)
    if not found:
        raise BenchError("the Linux guest did not get to /init, or did not print the counter")
    return (int(found[1]) - run.start_counter) * (NANOSECONDS / counter_hz)
