"""Native programs made from the C code, which tests run (tests/unit/unit.mk, UNIT_TOOLS)."""

from __future__ import annotations

import subprocess
from pathlib import Path

from vellum.codegen.__main__ import ROOT

BUILD = ROOT / "build/unit/tools"


def native_tool(name: str) -> Path:
    """Builds a program under AddressSanitizer and UndefinedBehaviorSanitizer; returns its path."""
    program = BUILD / name
    relative = program.relative_to(ROOT)
    command = ["make", "-s", "-f", "tests/unit/unit.mk", f"UNIT_BUILD={BUILD.relative_to(ROOT)}"]
    done = subprocess.run(
        [*command, str(relative)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return program
