"""Machines that Vellum cannot run on: one clear line, and the CPU parks."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from guest import ROOT, payload, run

IMAGE = ROOT / "build/vellum.img"
LOADED = ("-device", f"loader,file={IMAGE},addr=0x42000000,force-raw=on")


@pytest.mark.parametrize(
    ("machine", "line"),
    [
        (("virt,gic-version=3", "max", "-kernel", str(IMAGE)), "entered at EL1"),
        (("virt,virtualization=on,gic-version=3", "cortex-a57", "-kernel", str(IMAGE)), "no VHE"),
        (("virt,virtualization=on,gic-version=2", "max", "-kernel", str(IMAGE)), "no GICv3"),
        (
            ("virt,virtualization=on,gic-version=3,secure=on", "max", "-kernel", str(IMAGE)),
            "two security states",
        ),
        (
            ("virt,virtualization=on,gic-version=3", "max", "-kernel", str(IMAGE), "-m", "32M"),
            "too little RAM",
        ),
        (
            (
                "virt,virtualization=on,gic-version=3",
                "max",
                *LOADED,
                "-device",
                "loader,addr=0x42000000,cpu-num=0",
            ),
            "no FDT",
        ),
    ],
)
def test_says_why_it_cannot_start(machine: tuple[str, ...], line: str, tmp_path: Path) -> None:
    board, cpu, *rest = machine
    command = [
        "qemu-system-aarch64",
        "-M",
        board,
        "-cpu",
        cpu,
        *rest,
        "-nodefaults",
        "-display",
        "none",
        "-serial",
        f"file:{tmp_path / 'serial'}",
    ]
    with pytest.raises(subprocess.TimeoutExpired):  # parked: QEMU goes on
        subprocess.run(command, timeout=3, check=False)
    said = (tmp_path / "serial").read_text().splitlines()
    assert len(said) == 1
    assert said[0].startswith("vellum: cannot start: ") and line in said[0]


def test_run_passes_the_line_on(tmp_path: Path) -> None:
    options = payload("hello")
    options[options.index("--mem") + 1] = "32M"
    done = run(options, tmp_path / "trace", timeout=20)
    assert done.status == 1
    assert "too little RAM" in done.console.splitlines()[-1]
