"""What tests of the host share: the command, and the device tree of QEMU's machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def vellum() -> str:
    """The installed command."""
    return str(Path(sys.executable).with_name("vellum"))


@pytest.fixture(scope="session")
def virt_dtb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of `-M virt` as `vellum run` starts it, with 256 MiB, written by QEMU itself."""
    path = tmp_path_factory.mktemp("dtb") / "virt.dtb"
    machine = f"virt,virtualization=on,gic-version=3,dumpdtb={path}"
    subprocess.run(
        ["qemu-system-aarch64", "-M", machine, "-cpu", "max", "-m", "256M", "-display", "none",
         "-nodefaults"],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    return path
