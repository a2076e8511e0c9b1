"""The trace against an observer that is not ours: QEMU's own log of device accesses."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest
from guest import linux, run

ACCESS = re.compile(
    r"memory_region_ops_(read|write) cpu (\d+) mr \S+ addr 0x([0-9a-f]+) "
    r"value 0x([0-9a-f]+) size (\d+)"
)
LOG = ("-trace", "memory_region_ops_read", "-trace", "memory_region_ops_write", "-D")
Access = tuple[str, int, int, int]  # direction, address, value, size


def qemu_log(log: Path, ranges: list[tuple[int, int]]) -> dict[int, list[Access]]:
    """Per CPU: the accesses to `ranges` in QEMU's order."""
    found: dict[int, list[Access]] = defaultdict(list)
    for match in ACCESS.finditer(log.read_text()):
        address = int(match[3], 16)
        if any(start <= address < end for start, end in ranges):
            found[int(match[2])].append((match[1], address, int(match[4], 16), int(match[5])))
    return found


@pytest.mark.parametrize("cpus", [1, 4])
def test_every_access_is_in_the_trace_in_order(cpus: int, tmp_path: Path) -> None:
    devices = {
        "pl011": (0x9000000, 0x9001000),
        "pl031": (0x9010000, 0x9011000),
        "pl061": (0x9030000, 0x9031000),
        "virtio_mmio@a000000": (0xA000000, 0xA000200),
    }
    traces = [word for name in devices for word in ("--trace", name)]
    options = linux("debian-6.1-cloud", "rtc,gpio,off")
    log = tmp_path / "qemu.log"
    done = run([*options, "--smp", str(cpus), *traces], tmp_path / "trace", (*LOG, str(log)))
    assert done.status == 0, done.console

    ours: dict[int, list[Access]] = defaultdict(list)
    for cpu, *access in done.events():
        ours[cpu].append((access[0], access[1], access[2], access[3]))
    truth = qemu_log(log, list(devices.values()))
    assert sum(map(len, truth.values())) > 30_000
    # Before the guest, Vellum itself looks which slots hold a virtio device: magic, version, id.
    probe = [(direction, address) for direction, address, _, _ in truth[0][:3]]
    assert probe == [("read", 0xA000000 + offset) for offset in (0, 4, 8)]
    truth[0] = truth[0][3:]
    assert ours == truth
