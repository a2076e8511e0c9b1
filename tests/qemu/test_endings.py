"""However a run ends, the trace is readable and no process is left."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import pytest
from guest import interrupt, is_running, linux, machine_processes, run, start, wait_for


def trace_lines(directory: Path) -> int:
    """Events that babeltrace2 reads; it must not complain."""
    done = subprocess.run(
        ["babeltrace2", str(directory)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.count("\n")


@pytest.mark.parametrize("moment", ["Booting Linux", "smp: Brought up", "vellum: cpus"])
def test_ctrl_c_leaves_a_readable_trace(moment: str, tmp_path: Path) -> None:
    log, trace = tmp_path / "log", tmp_path / "trace"
    process = start(
        [*linux("debian-6.1-cloud", "cpus,hang"), "--smp", "2", "--trace", "pl011"], trace, log
    )
    wait_for(log, moment)
    machines = machine_processes(process.pid)
    assert len(machines) == 1
    assert interrupt(process) == 130
    assert not any(map(is_running, machines))
    assert "Traceback" not in log.read_text()
    events = trace_lines(trace)
    if moment.startswith("vellum"):
        assert events > 10_000


def test_killed_host_leaves_no_qemu_and_a_readable_trace(tmp_path: Path) -> None:
    log, trace = tmp_path / "log", tmp_path / "trace"
    process = start([*linux("debian-6.1-cloud", "cpus,hang"), "--trace", "pl011"], trace, log)
    wait_for(log, "vellum: cpus")
    machines = machine_processes(process.pid)
    assert interrupt(process, signal.SIGKILL) == -signal.SIGKILL
    end = time.monotonic() + 5
    while any(map(is_running, machines)):
        assert time.monotonic() < end, "QEMU goes on without its host"
        time.sleep(0.05)
    trace_lines(trace)


def test_guest_panic(tmp_path: Path) -> None:
    done = run([*linux("debian-6.1-cloud", "panic"), "--trace", "pl011"], tmp_path / "trace")
    assert done.status == 3
    assert "panic" in done.console.splitlines()[-1]
    assert trace_lines(tmp_path / "trace") > 10_000


def test_guest_that_hangs_at_start(tmp_path: Path) -> None:
    # A kernel with no console says nothing.
    options = linux("debian-6.1-cloud", "hang")
    options[options.index("--append") + 1] = "console=none"
    done = run([*options, "--start-timeout", "8"], tmp_path / "trace")
    assert done.status == 4
    assert "Traceback" not in done.console
