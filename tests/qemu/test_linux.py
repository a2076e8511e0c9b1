"""Stock Debian kernels under Vellum: they boot, have their devices, and stop."""

from __future__ import annotations

import hashlib
import http.server
import re
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from guest import KERNELS, ROOT, linux, run

DISK = (
    *("-drive", f"if=none,id=disk,file={ROOT / 'build/disk.img'},format=raw,readonly=on"),
    *("-device", "virtio-blk-device,drive=disk,bus=virtio-mmio-bus.0"),
)


@pytest.mark.parametrize("cpus", [1, 2, 4, 8])
@pytest.mark.parametrize("kernel", KERNELS)
def test_reaches_user_space_and_powers_off(kernel: str, cpus: int, tmp_path: Path) -> None:
    options = linux(kernel, "uname,cpus,off")
    done = run([*options, "--smp", str(cpus), "--trace", "pl011"], tmp_path / "trace")
    assert done.status == 0, done.console
    assert done.said("cpus") == str(cpus)
    assert done.boot["reason"] == "system_off"
    assert done.boot["discarded"] == done.boot["missing"] == 0
    assert done.boot["exits"]["unknown"] == 0
    assert len(done.events()) == done.boot["events"] > 10_000


@pytest.mark.parametrize("kernel", KERNELS)
def test_devices_answer_as_without_vellum(kernel: str, tmp_path: Path) -> None:
    words = ["uname", "rtc", "gpio", "fwcfg", "pci", "modules", "disk"]
    options = [*linux(kernel, ",".join([*words, "off"])), "--smp", "2"]
    traced = run([*options, "--trace", "all"], tmp_path / "trace", DISK)
    bare = run(options, None, DISK)
    assert traced.status == bare.status == 0, traced.console + bare.console
    for word in words:
        under, without = (re.sub(r"\d\d:\d\d:\d\d", "TIME", r.said(word)) for r in (traced, bare))
        if word == "fwcfg":  # QEMU lists what it was told to load: there it loads the kernel
            under, without = under.split(",")[0], without.split(",")[0]
        assert under == without


@pytest.fixture
def web(tmp_path: Path) -> Iterator[tuple[int, bytes]]:
    """A web server of this machine with one file: its port, the content."""
    content = bytes(range(256)) * 4096
    (tmp_path / "www").mkdir()
    (tmp_path / "www/file").write_bytes(content)
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "www"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, content
        server.shutdown()


def test_reads_a_disk_and_fetches_a_file(web: tuple[int, bytes], tmp_path: Path) -> None:
    port, content = web
    options = linux("debian-6.1-cloud", "disk,net,off", f"vellum.url={port}/file")
    network = ("-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile=")
    done = run(
        [*options, "--smp", "4", "--trace", "virtio_mmio@a000000"],
        tmp_path / "trace",
        (*DISK, *network),
    )
    assert done.status == 0, done.console
    assert "Hello from a disk" in done.said("disk")
    assert hashlib.sha256(content).hexdigest() in done.said("net")
    assert {address >> 9 for _, _, address, _, _ in done.events()} == {0xA000000 >> 9}


def test_cpus_go_off_and_come_back(tmp_path: Path) -> None:
    options = linux("debian-6.1-cloud", "offline,cpus,off")
    done = run([*options, "--smp", "4", "--trace", "pl011"], tmp_path / "trace")
    assert done.status == 0, done.console
    done.said("offline")
    assert done.said("cpus") == "4"
    assert len(done.events()) == done.boot["events"]


def test_reboot_ends_the_run(tmp_path: Path) -> None:
    done = run(linux("debian-6.1-cloud", "reboot"), tmp_path / "trace")
    assert (done.status, done.boot["reason"]) == (0, "system_reset"), done.console


def test_reboot_restarts_the_run_with_a_trace_of_its_own(tmp_path: Path) -> None:
    # The disk is the memory between the boots: the second one finds what the first has written.
    options = linux("debian-6.1-cloud", "reboot")
    done = run(
        [*options, "--on-reboot", "restart", "--timeout", "15", "--trace", "pl011"],
        tmp_path / "trace",
    )
    assert done.status == 4, done.console
    assert len(done.report["boots"]) >= 2
    first, second = (boot["events"] for boot in done.report["boots"][:2])
    assert first > 10_000 and abs(first - second) < 500
    assert (tmp_path / "trace/boot-2/metadata").is_file()


@pytest.mark.parametrize("model", ["cortex-a76", "neoverse-n1", "a64fx"])
def test_other_cpus(model: str, tmp_path: Path) -> None:
    options = linux("debian-6.1-cloud", "cpus,off")
    done = run([*options, "--smp", "2", "--cpu", model], tmp_path / "trace")
    assert done.status == 0, done.console
    assert done.said("cpus") == "2"


@pytest.mark.parametrize("kernel", KERNELS)
def test_newer_qemu(kernel: str, tmp_path: Path) -> None:
    newer = ROOT / "build/toolchain/qemu10/qemu-system-aarch64"
    options = [*linux(kernel, "cpus,off"), "--smp", "2", "--trace", "pl011"]
    done = run([*options, "--qemu-binary", str(newer)], tmp_path / "trace")
    assert done.status == 0, done.console
    assert done.said("cpus") == "2"
    assert done.boot["exits"]["unknown"] == 0
