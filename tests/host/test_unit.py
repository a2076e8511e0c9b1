"""The native unit tests of the C code, with AddressSanitizer and UndefinedBehaviorSanitizer."""

from __future__ import annotations

import re
import subprocess

from vellum.codegen.__main__ import ROOT


def test_native_unit_tests_pass() -> None:
    command = ["make", "-s", "-f", "tests/unit/unit.mk", "unit"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    summary = re.fullmatch(r"(\d+) passed, 0 failed", result.stdout.splitlines()[-1])
    assert summary and int(summary[1]) > 0
