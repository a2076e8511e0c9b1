"""Which QEMU: found, and new enough."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

from vellum.errors import UsageError

__all__ = ["LEAST_VERSION", "find_qemu"]

NAME = "qemu-system-aarch64"
VARIABLE = "VELLUM_QEMU"
LEAST_VERSION = (7, 2)


def find_qemu(given: str | None = None) -> str:
    """The path of a usable QEMU: `given`, else $VELLUM_QEMU, else from PATH. UsageError: none."""
    wanted = given or os.environ.get(VARIABLE) or NAME
    path = shutil.which(wanted)
    if path is None:
        raise UsageError(
            f"QEMU not found: {wanted}. Install it (apt-get install qemu-system-arm), "
            f"or name it by --qemu-binary or ${VARIABLE}"
        )
    version = _version(path)
    if version < LEAST_VERSION:
        least = ".".join(map(str, LEAST_VERSION))
        found = ".".join(map(str, version))
        raise UsageError(f"{path} is QEMU {found}: Vellum needs {least} or later")
    return path


def _version(path: str) -> tuple[int, ...]:
    try:
        result = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UsageError(f"{path} does not run: {error}") from None
    match = re.search(r"QEMU emulator version (\d+)\.(\d+)\.(\d+)", result.stdout)
    if not match:
        raise UsageError(f"{path} does not say that it is QEMU; name another by --qemu-binary")
    return tuple(map(int, match.groups()))
