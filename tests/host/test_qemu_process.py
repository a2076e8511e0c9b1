"""Finding QEMU, its command line, and that no process is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from vellum.errors import UsageError
from vellum.qemu.binary import find_qemu
from vellum.qemu.command import MachineOptions, bare_command, vellum_command
from vellum.qemu.process import QemuProcess, socket_pair


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")")[-1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_qemu_of_the_system_is_new_enough() -> None:
    assert find_qemu().endswith("qemu-system-aarch64")


def test_a_missing_qemu_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="apt-get install qemu-system-arm"):
        find_qemu("/nowhere/qemu")
    monkeypatch.setenv("VELLUM_QEMU", "/elsewhere/qemu")
    with pytest.raises(UsageError, match="/elsewhere/qemu"):
        find_qemu()


@pytest.mark.parametrize(
    ("prints", "why"),
    [
        ("echo QEMU emulator version 7.1.50", r"is QEMU 7\.1\.50: Vellum needs 7\.2"),
        ("echo hello", "does not say that it is QEMU"),
        ("exit 1", "does not say that it is QEMU"),
    ],
)
def test_a_wrong_qemu_is_refused(tmp_path: Path, prints: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        find_qemu(script(tmp_path / "qemu", prints))


def test_vellum_is_all_that_qemu_loads() -> None:
    options = MachineOptions(smp=3, memory=1 << 29, extra=("-device", "x"))
    command = vellum_command("qemu", options, Path("/v.img"), 5, 6)
    assert command[command.index("-kernel") + 1] == "/v.img"
    assert "-initrd" not in command and "-append" not in command and "-dtb" not in command
    assert "virt,virtualization=on,gic-version=3" in command
    assert command[-2:] == ["-device", "x"]
    assert "virtserialport,chardev=vellum-link,nr=1,name=vellum" in command
    alone = " ".join(vellum_command("qemu", options, Path("/v.img"), None, 6))
    assert "virtio-serial" not in alone and "fd=6" in alone


def test_the_bare_machine_differs_in_el2_and_what_is_loaded() -> None:
    options = MachineOptions(icount=True)
    command = bare_command(
        "qemu", options, Path("/I"), 5, initrd=Path("/rd"), append="a b", restart=False, random=True
    )
    assert "virt,virtualization=off,gic-version=3" in command and "-no-reboot" in command
    assert command[command.index("-append") + 1] == "a b"
    shared = ("-cpu", "-smp", "-m", "-icount")
    other = vellum_command("qemu", options, Path("/v.img"), 5, 6)
    assert [command[command.index(o) + 1] for o in shared] == [
        other[other.index(o) + 1] for o in shared
    ]


def test_a_stubborn_process_is_killed(tmp_path: Path) -> None:
    qemu = script(tmp_path / "qemu", "trap '' TERM; while :; do sleep 1; done")
    process = QemuProcess([qemu], [], tmp_path / "log")
    ended: list[int] = []
    process.watch(ended.append)
    time.sleep(0.2)
    process.stop()
    assert not alive(process.pid)
    assert process.status == -signal.SIGKILL and ended == []


def test_an_end_by_itself_is_told_with_the_last_words(tmp_path: Path) -> None:
    qemu = script(tmp_path / "qemu", "echo first; echo 'qemu-system-aarch64: too bad' >&2; exit 5")
    process = QemuProcess([qemu], [], tmp_path / "log")
    ended: list[int] = []
    process.watch(ended.append)
    assert process.wait(5)
    time.sleep(0.1)
    assert ended == [5] and process.last_words() == "too bad"


def test_the_sockets_reach_it_and_are_large(tmp_path: Path) -> None:
    ours, theirs = socket_pair()
    fd = theirs.fileno()
    speak = f"import os; os.write({fd}, b'hi\\n')"
    process = QemuProcess([sys.executable, "-c", speak], [fd], tmp_path / "log")
    theirs.close()
    assert ours.recv(10) == b"hi\n"
    assert ours.recv(10) == b""
    process.stop()


def test_a_killed_host_leaves_no_qemu(tmp_path: Path) -> None:
    host = f"""
import sys, time
from pathlib import Path
from vellum.qemu.process import QemuProcess
print(QemuProcess(["/bin/sleep", "100"], [], Path({str(tmp_path / "log")!r})).pid, flush=True)
time.sleep(100)
"""
    process = subprocess.Popen([sys.executable, "-c", host], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    pid = int(process.stdout.readline())
    time.sleep(0.2)
    assert alive(pid)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    until = time.monotonic() + 5
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.02)
    assert not alive(pid)
