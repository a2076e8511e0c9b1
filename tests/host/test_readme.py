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
    named = set(re.findall(r"make ([a-z]+(?:-[a-z]+)*)", README))
    makefiles = [ROOT / "Makefile", *ROOT.glob("*/*.mk"), *ROOT.glob("*/*/*.mk")]
    phony = [re.findall(r"^\.PHONY: (.*)$", path.read_text(), re.MULTILINE) for path in makefiles]
    targets = {name for lines in phony for line in lines for name in line.split()}
    assert {"run", "test", "check", "bench"} <= named
    assert named - targets == set()
