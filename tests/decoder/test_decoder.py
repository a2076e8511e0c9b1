"""The decoder against capstone and objdump, sampled; all of it: make prove-decoder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROVE = "build/decoder/prove"


def build() -> None:
    subprocess.run(["make", PROVE], cwd=ROOT, check=True, capture_output=True)


def test_sampled_words_are_decoded_as_capstone_does() -> None:
    build()
    done = subprocess.run(
        [ROOT / PROVE, "--sample", "10000000"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "0 differences beyond the known" in done.stdout


def test_words_that_capstone_does_not_know_are_decoded_as_objdump_does() -> None:
    build()
    script = ROOT / "tests/decoder/arbitrate.py"
    done = subprocess.run(
        [sys.executable, script, "2000000"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
