"""What tests of the host share."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def vellum() -> str:
    """The installed command."""
    return str(Path(sys.executable).with_name("vellum"))
