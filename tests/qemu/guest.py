"""Runs guests for the tests, with the command that a user has."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
VELLUM = Path(sys.executable).with_name("vellum")
KERNELS = ("debian-6.1-cloud", "debian-6.12-16k")


@dataclass(frozen=True)
class Run:
    """How a `vellum run --json` ended."""

    status: int
    console: str  # the guest's, and Vellum's own messages
    report: dict[str, Any] = field(default_factory=dict)
    directory: Path | None = None

    def said(self, word: str) -> str:
        """What /init of the tests' initramfs printed for `word`; an AssertionError if it failed."""
        match = re.search(rf"^vellum: {word}: (.*?)\r?$", self.console, re.MULTILINE)
        assert match, f"no {word} in:\n{self.console}"
        assert match[1].startswith("ok"), match[0]
        return match[1].removeprefix("ok").strip()

    @property
    def boot(self) -> dict[str, Any]:
        """The report of the first boot."""
        boot = self.report["boots"][0]
        assert isinstance(boot, dict)
        return boot

    def events(self) -> list[tuple[int, str, int, int, int]]:
        """(cpu, "read" or "write", address, value, size), as babeltrace2 has them, in its order."""
        text = subprocess.run(
            ["babeltrace2", "--no-delta", str(self.directory)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        pattern = re.compile(
            r"mmio_(read|write)(\d+): \{ cpu_id = (\d+)"
            r".*addr = 0x([0-9A-F]+), value = 0x([0-9A-F]+)"
        )
        return [
            (int(m[3]), m[1], int(m[4], 16), int(m[5], 16), int(m[2]) // 8)
            for m in pattern.finditer(text)
        ]


def linux(name: str, do: str, append: str = "") -> list[str]:
    """Options for a stock Debian kernel whose /init does the words of `do`."""
    return [
        *("--kernel", str(ROOT / f"build/kernels/{name}/vmlinuz")),
        *("--initrd", str(ROOT / f"build/initramfs/{name}.cpio.gz")),
        *("--append", f"console=ttyAMA0 vellum.do={do} {append}"),
    ]


def payload(name: str, append: str = "") -> list[str]:
    """Options for one of the bare-metal guests."""
    return [
        *("--kernel", str(ROOT / f"build/payloads/{name}.img")),
        *("--append", append),
        *("--mem", "256M"),
    ]


def command(options: Sequence[str], directory: Path | None, qemu: Sequence[str] = ()) -> list[str]:
    """The whole command line. Without a `directory` it is a bare run."""
    where = ["-o", str(directory)] if directory else ["--bare"]
    return [str(VELLUM), "run", "--json", *options, *where, "--", *qemu]


def run(
    options: Sequence[str],
    directory: Path | None,
    qemu: Sequence[str] = (),
    timeout: float = 120,
) -> Run:
    """Runs a guest to its end."""
    done = subprocess.run(
        command(options, directory, qemu),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=timeout,
        cwd=ROOT,
        check=False,
    )
    console = done.stderr.decode(errors="replace")
    report = json.loads(done.stdout) if done.stdout.strip() else {}
    return Run(done.returncode, console, report, directory)


def start(
    options: Sequence[str], directory: Path, log: Path, qemu: Sequence[str] = ()
) -> subprocess.Popen[bytes]:
    """Starts a guest; its console goes to `log`."""
    with log.open("wb") as output:
        return subprocess.Popen(
            command(options, directory, qemu),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
        )


def wait_for(log: Path, text: str, seconds: float = 60) -> None:
    """Until `text` is in `log`."""
    end = time.monotonic() + seconds
    while text.encode() not in log.read_bytes():
        assert time.monotonic() < end, f"no {text!r} in:\n{log.read_text(errors='replace')}"
        time.sleep(0.05)


def machine_processes(parent: int) -> list[int]:
    """The QEMUs that a `vellum run` has started."""
    found = subprocess.run(
        ["pgrep", "-P", str(parent), "qemu"], capture_output=True, text=True, check=False
    )
    return [int(line) for line in found.stdout.split()]


def is_running(process: int) -> bool:
    """Not ended, and not a zombie."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False


def interrupt(process: subprocess.Popen[bytes], number: int = signal.SIGINT) -> int:
    """Sends a signal and waits for the end; the exit status."""
    process.send_signal(number)
    return process.wait(30)
