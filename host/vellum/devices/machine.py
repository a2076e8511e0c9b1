"""Asks QEMU for the device tree of the machine that `vellum run` starts."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from vellum.errors import UsageError
from vellum.qemu.binary import find_qemu

TIMEOUT = 30  # seconds; it takes a tenth of one


def dump_dtb(binary: str | None, smp: int, arguments: Sequence[str] = ()) -> bytes:
    """The tree of the default machine with `smp` CPUs and more `arguments` for QEMU.

    Raises UsageError when QEMU is missing or refuses.
    """
    qemu = find_qemu(binary)
    with tempfile.TemporaryDirectory(prefix="vellum-") as folder:
        path = Path(folder) / "machine.dtb"
        machine = f"virt,virtualization=on,gic-version=3,dumpdtb={path}"
        command = [qemu, "-M", machine, "-cpu", "max", "-smp", str(smp), "-nodefaults"]
        command += ["-no-user-config", "-display", "none", *arguments]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=TIMEOUT, check=False
            )
        except subprocess.TimeoutExpired:
            raise UsageError(f"{qemu} did not answer in {TIMEOUT} s: run it by hand") from None
        except OSError as error:
            raise UsageError(f"cannot run {qemu}: {error.strerror}") from None
        if done.returncode or not path.exists():
            reason = done.stderr.strip().splitlines() or ["it does not say why"]
            raise UsageError(f"QEMU refuses: {reason[-1]}")
        return path.read_bytes()
