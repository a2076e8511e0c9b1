"""What is typed reaches the guest by its UART's interrupt, and what it prints reaches the user.

Also when the UART is a model of ours (--link pl011), and also half a line.
"""

from __future__ import annotations

import os
import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from guest import ROOT, VELLUM, linux, payload, run

QEMU10 = ROOT / "build/toolchain/qemu10/qemu-system-aarch64"
MORE_THAN_A_FIFO = "The quick brown fox jumps over the lazy dog. " * 4


class Terminal:
    """A `vellum run` on a terminal of its own."""

    def __init__(self, process: subprocess.Popen[bytes], typing: int) -> None:
        self.process = process
        self.shown = b""
        self._typing = typing

    def type(self, text: str) -> None:
        os.write(self._typing, text.encode())

    def wait_for(self, text: str, seconds: float = 20) -> None:
        """Until `text` has been printed."""
        assert self.process.stdout
        end = time.monotonic() + seconds
        while text.encode() not in self.shown:
            left = end - time.monotonic()
            assert left > 0, f"no {text!r} in {self.shown!r}"
            if select.select([self.process.stdout], [], [], left)[0]:
                more = os.read(self.process.stdout.fileno(), 4096)
                assert more, f"no {text!r} in {self.shown!r}"
                self.shown += more

    def finish(self) -> str:
        """All that was printed, once the run has ended well."""
        assert self.process.stdout
        self.shown += self.process.stdout.read()
        assert self.process.wait(20) == 0, self.shown
        return self.shown.decode(errors="replace").replace("\r", "")


@contextmanager
def terminal(*arguments: str) -> Iterator[Terminal]:
    ours, theirs = os.openpty()
    with subprocess.Popen(
        ["setsid", "--ctty", str(VELLUM), "run", *arguments],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        os.close(theirs)
        try:
            yield Terminal(process, ours)
        finally:
            process.terminate()
            os.close(ours)


@pytest.mark.parametrize("qemu", [None, QEMU10], ids=["qemu", "newer-qemu"])
@pytest.mark.parametrize("link", [None, "virtio", "pl011"], ids=["bare", "virtio", "pl011"])
def test_what_is_typed_comes_back(link: str | None, qemu: Path | None, tmp_path: Path) -> None:
    where = ["--link", link, "-o", str(tmp_path / "trace")] if link else ["--bare"]
    which = ["--qemu-binary", str(qemu)] if qemu else []
    with terminal(*payload("echo"), *where, *which) as console:
        console.wait_for("echo> ")  # and no newline
        console.type("x")
        console.wait_for("echo> x")
        console.type(MORE_THAN_A_FIFO)
        console.wait_for("x" + MORE_THAN_A_FIFO)
        console.type("\x04")
        shown = console.finish()
    lines = shown.splitlines()
    assert lines[0] == f"echo> x{MORE_THAN_A_FIFO}"
    assert lines[1:3] == [f"echo: received={1 + len(MORE_THAN_A_FIFO)}", "echo: done failures=0"]


@pytest.mark.timeout(900)
@pytest.mark.slow  # QEMU's PL011 takes the kernel byte by byte: two minutes, and many with 7.2
def test_linux_over_the_uart_alone(tmp_path: Path) -> None:
    options = [*linux("debian-6.1-cloud", "uname,cpus,off"), "--smp", "2", "--link", "pl011"]
    done = run(
        [*options, "--qemu-binary", str(QEMU10), "--trace", "pl031", "--start-timeout", "0"],
        tmp_path / "trace",
        timeout=900,
    )
    assert done.status == 0, done.console
    assert done.said("cpus") == "2"
    assert done.boot["reason"] == "system_off"
    assert done.boot["exits"]["mmio_emulated"] > 10_000
    assert {address >> 12 for _, _, address, _, _ in done.events()} == {0x9010}
