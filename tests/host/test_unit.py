"""The native unit tests of the C code, with AddressSanitizer and UndefinedBehaviorSanitizer."""

from __future__ import annotations

import re
import subprocess

import pytest
from vellum.codegen.__main__ import ROOT


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_native_unit_tests_pass(compiler: str) -> None:
    command = ["make", "-s", "-f", "tests/unit/unit.mk", "unit"]
    variables = [f"UNIT_CC={compiler}", f"UNIT_BUILD=build/unit/{compiler}"]
    result = subprocess.run(
        command + variables, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    summary = re.fullmatch(r"(\d+) passed, 0 failed", result.stdout.splitlines()[-1])
    assert summary and int(summary[1]) > 0
