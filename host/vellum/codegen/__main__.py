"""`python -m vellum.codegen` writes the generated files; `--check` says which are stale."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from vellum.codegen import c, python
from vellum.codegen.model import DescriptionError, load_events, load_messages

ROOT = Path(__file__).resolve().parents[3]


def generated(root: Path) -> dict[Path, str]:
    """Every generated file with the text it should have."""
    messages = load_messages(root / "hv/link/messages.toml")
    events = load_events(root / "hv/trace/events.toml")
    return {
        root / "hv/link/messages.h": c.messages_header(messages),
        root / "hv/trace/events.h": c.events_header(events),
        root / "host/vellum/link/messages.py": python.messages_module(messages),
        root / "host/vellum/trace/events.py": python.events_module(events),
    }


def stale(root: Path) -> list[Path]:
    """The generated files whose text is not what the descriptions say."""
    return [
        path
        for path, text in generated(root).items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]


def main() -> int:
    """0: all is up to date (or was written); 1: something is stale or a description is wrong."""
    parser = argparse.ArgumentParser(prog="python -m vellum.codegen", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when stale")
    arguments = parser.parse_args()
    try:
        old = stale(ROOT)
        texts = generated(ROOT)
    except DescriptionError as error:
        print(f"vellum.codegen: {error}", file=sys.stderr)
        return 1
    for path in old:
        name = path.relative_to(ROOT)
        if arguments.check:
            print(f"{name} is stale: run `python -m vellum.codegen`", file=sys.stderr)
        else:
            path.write_text(texts[path], encoding="utf-8")
            print(f"wrote {name}")
    return 1 if old and arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())
