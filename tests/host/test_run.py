"""`vellum run` from the outside, with a QEMU whose guest does as it is told."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from synthetic_kernel import arm64_image

HERE = Path(__file__).parent
HOST = HERE.parents[1] / "host"
COMMAND = [sys.executable, "-c", "from vellum.cli import main; main()"]
Run = Callable[..., "Result"]


class Result:
    """A finished command."""

    def __init__(self, done: subprocess.CompletedProcess[str], output: Path) -> None:
        self.status = done.returncode
        self.stdout = done.stdout
        self.stderr = done.stderr
        self.output = output
        assert "Traceback" not in done.stderr, done.stderr

    @property
    def last(self) -> str:
        return self.stderr.strip().splitlines()[-1]

    def record(self, boot: str = ".") -> Any:
        return json.loads((self.output / boot / "vellum" / "run.json").read_text())


class Bench:
    """Everything a command needs, in one folder."""

    def __init__(self, folder: Path, dtb: Path) -> None:
        self.folder = folder
        self.output = folder / "out"
        (folder / "Image").write_bytes(arm64_image(100_000))
        (folder / "rd").write_bytes(b"initrd" * 1000)
        (folder / "vellum.img").write_bytes(b"vellum: \0")
        qemu = folder / "qemu"
        paths = f"import sys\nsys.path[:0] = [{str(HERE)!r}, {str(HOST)!r}]"
        qemu.write_text(f"#!{sys.executable}\n{paths}\nimport fake_qemu\nfake_qemu.main()\n")
        qemu.chmod(0o755)
        self.environment = dict(os.environ, PYTHONPATH=str(HOST), FAKE_FDT=str(dtb))

    def arguments(self, *more: str) -> list[str]:
        f = self.folder
        return [
            *COMMAND, "run", "--kernel", f"{f}/Image", "--image", f"{f}/vellum.img",
            "--qemu-binary", f"{f}/qemu", "--mem", "256M", *more,
        ]  # fmt: skip

    def run(self, guest: str, *more: str, bare: bool = False, **env: str) -> Result:
        where = ["--bare"] if bare else ["-o", str(self.output)]
        done = subprocess.run(
            self.arguments(*where, *more), env=self.environment | {"FAKE_GUEST": guest} | env,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30,
        )  # fmt: skip
        return Result(done, self.output)

    def start(self, guest: str, *more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.arguments("-o", str(self.output), *more),
            env=self.environment | {"FAKE_GUEST": guest},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip


@pytest.fixture
def bench(tmp_path: Path, virt_dtb: Path) -> Bench:
    return Bench(tmp_path, virt_dtb)


def events_in(trace: Path) -> int:
    """As babeltrace2 counts them, which has never heard of us."""
    done = subprocess.run(["babeltrace2", trace], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return len(done.stdout.splitlines())


def test_a_guest_runs_to_its_end(bench: Bench) -> None:
    result = bench.run("off", "--trace", "pl011", "--initrd", str(bench.folder / "rd"))
    assert result.status == 0
    assert result.stdout.startswith("Hello from the guest")
    assert re.search(r"ended by +system off", result.stdout)
    assert re.search(r"pl011@9000000 +30 reads, 0 writes", result.stdout)
    assert re.search(r"lost +nothing", result.stdout)
    assert "one line of Vellum's" in result.stderr
    assert events_in(result.output) == 30
    record = result.record()
    assert record["stop"]["reason"] == "system_off"
    assert [d["name"] for d in record["devices"]] == ["pl011@9000000"]
    aside = result.output / "vellum"
    assert (aside / "console.log").read_bytes() == b"Hello from the guest\r\n"
    assert (aside / "guest.dtb").stat().st_size > 1000


def test_json_is_all_that_is_on_stdout(bench: Bench) -> None:
    result = bench.run("off", "--json")
    summary = json.loads(result.stdout)
    assert summary["reason"] == "system_off" and summary["status"] == 0
    assert summary["boots"][0]["events"] == 30
    assert "Hello from the guest" in result.stderr


def test_a_reboot_ends_the_run_or_restarts_the_guest(bench: Bench) -> None:
    result = bench.run("reboots_once")
    assert result.status == 0 and result.record()["stop"]["reason"] == "system_reset"
    result = bench.run("reboots_once", "--on-reboot", "restart", "--force")
    assert result.status == 0
    assert "boot 1\nboot 2\n" in result.stdout
    assert (events_in(result.output), events_in(result.output / "boot-2")) == (1, 2)
    assert result.record()["stop"]["reason"] == "system_reset"
    assert result.record("boot-2")["stop"]["reason"] == "system_off"
    assert "link:" not in result.stderr


@pytest.mark.parametrize("guest", ["panics", "panics_and_resets"])
def test_a_panic_is_one_line_and_a_status(bench: Bench, guest: str) -> None:
    result = bench.run(guest, "--on-reboot", "restart")
    assert result.status == 3
    assert "the guest panicked: Kernel panic - not syncing: no init" in result.last
    assert result.record()["stop"]["reason"] == "panic"


def test_a_silent_guest_is_told_where_it_is(bench: Bench) -> None:
    result = bench.run("hangs", "--start-timeout", "0.5")
    assert result.status == 4
    assert "printed nothing within 0.5 s" in result.last
    assert "CPU 0: PC 0x40200000, EL1" in result.stderr
    assert events_in(result.output) == 0


def test_a_guest_that_does_not_stop_is_stopped(bench: Bench) -> None:
    result = bench.run("talks", "--timeout", "1.5")
    assert result.status == 4 and "--timeout" in result.last
    assert events_in(result.output) > 0


@pytest.mark.parametrize("guest", ["dies", "crashes_qemu"])
def test_the_end_of_qemu_is_explained_by_its_last_words(bench: Bench, guest: str) -> None:
    result = bench.run(guest)
    assert result.status == 1
    words = {"dies": "something is wrong with it", "crashes_qemu": "hw/fake.c: assertion failed"}
    assert result.last.startswith("vellum: error: QEMU ended by itself with status")
    assert result.last.endswith(words[guest])


def test_a_vellum_that_cannot_start_says_why_at_once(bench: Bench) -> None:
    begin = time.monotonic()
    result = bench.run("cannot")
    assert result.status == 1 and time.monotonic() - begin < 3
    assert result.last == "vellum: error: Vellum: cannot start: no VHE"
    assert "vellum: early line" in result.stderr


def test_a_panic_of_vellum_is_not_one_of_the_guest(bench: Bench) -> None:
    result = bench.run("breaks_vellum")
    assert (result.status, result.last) == (1, "vellum: error: Vellum: panic: at EL2")
    assert bench.run("says_panic", "--force").status == 0


def test_what_is_lost_is_told(bench: Bench) -> None:
    result = bench.run("loses_events", "--when-slow", "drop")
    assert re.search(r"lost +7 events dropped .*2 packets missing", result.stdout)
    assert "2 trace packets of CPU 0 did not come" in result.stderr


def test_damage_on_the_link_is_told_and_survived(bench: Bench) -> None:
    result = bench.run("breaks_the_link")
    assert result.status == 0
    assert "frame header with a wrong CRC" in result.stderr
    assert re.search(r"lost +\d+ problems on the link", result.stdout)
    assert events_in(result.output) == 4


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_a_readable_trace(bench: Bench, number: int) -> None:
    process = bench.start("talks")
    assert process.stdout
    for _ in range(20):
        assert process.stdout.readline() == "tick\n"
    for _ in range(3):
        process.send_signal(number)
    out, err = process.communicate(timeout=10)
    assert process.returncode == 128 + number
    assert "Traceback" not in err and "vellum: ended by" in err
    shown = re.search(r"trace +([\d,]+) events", out)
    assert shown and events_in(bench.output) == int(shown[1].replace(",", "")) > 0
    record = json.loads((bench.output / "vellum" / "run.json").read_text())
    assert record["stop"]["reason"] == "interrupted"


@pytest.mark.parametrize("delay", [0.0, 0.2, 0.35, 0.5, 0.7])
def test_ctrl_c_at_any_moment_ends_the_run(bench: Bench, delay: float) -> None:
    process = bench.start("hangs")
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=10)
    # Before Python has got as far as our main there is only Python's own way of ending.
    assert process.returncode == 130 or (delay < 0.3 and process.returncode == -signal.SIGINT)
    assert "Traceback" not in err or delay < 0.3


def test_a_killed_host_leaves_what_came_and_no_qemu(bench: Bench) -> None:
    process = bench.start("talks")
    time.sleep(2)
    process.kill()
    process.communicate()
    assert events_in(bench.output) > 0
    assert (
        str(bench.folder)
        not in subprocess.run(
            ["ps", "-eo", "args"], capture_output=True, text=True, check=True
        ).stdout
    )


def test_nobody_reading_the_output_ends_the_run(bench: Bench) -> None:
    process = bench.start("talks")
    assert process.stdout and process.stderr
    process.stdout.readline()
    process.stdout.close()
    err = process.stderr.read()
    assert process.wait(10) == 141 and "Traceback" not in err
    process.stderr.close()


def test_keys_reach_the_guest_and_ctrl_a_x_ends_the_run(bench: Bench) -> None:
    pid, fd = pty.fork()
    if pid == 0:
        os.execvpe(
            sys.executable,
            bench.arguments("-o", str(bench.output)),
            bench.environment | {"FAKE_GUEST": "talks"},
        )
    seen = b""
    typed = False
    while select.select([fd], [], [], 10)[0]:
        try:
            seen += os.read(fd, 4096)
        except OSError:
            break
        if b"tick" in seen and not typed:
            os.write(fd, b"\x01x")
            typed = True
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 130
    assert b"ended by Ctrl-A x" in seen


def test_an_output_folder_with_a_trace_is_kept_unless_forced(bench: Bench) -> None:
    assert bench.run("off").status == 0
    mine = bench.output / "vellum" / "mine.txt"
    mine.write_text("keep")
    result = bench.run("off")
    assert result.status == 2 and "already holds a trace" in result.last
    assert bench.run("off", "--force").status == 0
    assert mine.read_text() == "keep"
    assert events_in(bench.output) == 30
    (bench.output / "other.txt").write_text("")
    result = bench.run("off", "--force")
    assert result.status == 2 and "a trace needs a folder of its own" in result.last


def test_an_output_folder_that_cannot_be_written_is_told_before_qemu_starts(bench: Bench) -> None:
    (bench.folder / "file").write_text("")
    result = bench.run("dies", "-o", str(bench.folder / "file" / "out"))
    assert result.status == 2 and "cannot write" in result.last


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--kernel", "/nonexistent"], "kernel not found"),
        (["--initrd", "/nonexistent"], "initrd not found"),
        (["--image", "/nonexistent"], "Build it (make)"),
        (["--qemu-binary", "/nonexistent"], "QEMU not found"),
        (["--trace", "nonsense"], "no device `nonsense`"),
        (["--mem", "lots"], "is not a size"),
        (["--smp", "0"], "--smp"),
        (["--what"], "No such option"),
        (["--bare", "--trace", "pl011"], "--bare makes no trace"),
    ],
)
def test_wrong_usage_is_one_line(bench: Bench, arguments: list[str], why: str) -> None:
    result = bench.run("off", *arguments)
    assert result.status == 2
    assert result.last.startswith("vellum: error: ") and why in result.last
    assert len(result.stderr.strip().splitlines()) == 1


def test_an_old_qemu_is_refused(bench: Bench) -> None:
    result = bench.run("off", FAKE_VERSION="QEMU emulator version 6.2.0")
    assert result.status == 2 and "is QEMU 6.2.0: Vellum needs 7.2" in result.last


def test_an_initrd_beyond_the_ram_is_refused(bench: Bench) -> None:
    big = bench.folder / "big"
    with big.open("wb") as file:
        file.truncate(300 << 20)
    result = bench.run("off", "--initrd", str(big))
    assert result.status == 2 and "initrd is too large for the RAM" in result.last


def test_the_bare_guest_ends_panics_or_dies_as_it_does(bench: Bench) -> None:
    result = bench.run("off", bare=True)
    assert result.status == 0 and result.stdout.startswith("Hello from the guest")
    assert bench.run("panics", bare=True).status == 3
    result = bench.run("dies", bare=True)
    assert result.status == 1 and result.last.endswith("something is wrong with it")
    assert not bench.output.exists()
