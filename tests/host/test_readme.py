"""The README names files and make targets that exist."""

from __future__ import annotations

import re

from vellum.codegen.__main__ import ROOT

README = (ROOT / "README.md").read_text()


def test_files_that_the_readme_names_exist() -> None:
    paths = re.findall(r"`((?:hv|host|dt|payloads|tests)/[\w./-]+)`", README)
    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_make_targets_that_the_readme_names_exist() -> None:
    targets = set(re.findall(r"`?make ([a-z]+)", README)) - {"alone"}
    makefile = (ROOT / "Makefile").read_text()
    assert {"run", "test", "check", "bench"} <= targets
    assert [name for name in targets if f"\n.PHONY: {name}" not in makefile] == []
