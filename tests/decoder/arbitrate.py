"""Where capstone does not know a load or store, objdump says whether Vellum decodes it rightly.

    arbitrate.py WORDS      samples about so many of the group's words

build/decoder/prove prints the sampled words that only Vellum decodes, with its text; objdump
disassembles the same words. Exit status 1: some differ beyond spelling.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

PROVE = Path(__file__).resolve().parents[2] / "build/decoder/prove"
OBJDUMP = "aarch64-linux-gnu-objdump"
LINE = re.compile(r"\s*[0-9a-f]+:\s+([0-9a-f]{8})\s+(.*)")
NUMBER = re.compile(r"#(-?)(0x[0-9a-f]+|\d+)")
SHOWN = 20

# Words that objdump refuses, as capstone does, although they are allocated.
REFUSED = re.compile(r"ldpsw .*")  # with overlapping registers: CONSTRAINED UNPREDICTABLE


def main() -> int:
    """Compares; the exit status."""
    if len(sys.argv) != 2 or not sys.argv[1].isdigit():
        print(f"usage: {Path(__file__).name} WORDS", file=sys.stderr)
        return 2
    ours = vellum(int(sys.argv[1]))
    theirs = objdump(list(ours))
    different = [word for word in ours if not agree(ours[word], theirs.get(word, ""))]
    for word in different[:SHOWN]:
        print(f"{word:08x} is `{ours[word]}`; objdump: `{theirs.get(word, '')}`", file=sys.stderr)
    print(f"{len(ours)} words unknown to capstone, {len(different)} of them differ from objdump")
    return 1 if different or not ours else 0


def agree(ours: str, theirs: str) -> bool:
    """Is it the same instruction, or one that objdump is known to refuse?"""
    if theirs.endswith("undefined"):
        return REFUSED.fullmatch(ours) is not None
    return spelling(ours) == spelling(theirs)


def vellum(words: int) -> dict[int, str]:
    """Sampled words that capstone does not decode, as Vellum does."""
    done = subprocess.run(
        [PROVE, "--arbitrate", str(words)], stdout=subprocess.PIPE, text=True, check=True
    )
    lines = (line.partition(" ") for line in done.stdout.splitlines())
    return {int(word, 16): text for word, _, text in lines}


def objdump(words: list[int]) -> dict[int, str]:
    """The same words as objdump has them."""
    with tempfile.NamedTemporaryFile(suffix=".bin") as file:
        file.write(b"".join(word.to_bytes(4, "little") for word in words))
        file.flush()
        done = subprocess.run(
            [OBJDUMP, "-D", "-z", "-b", "binary", "-m", "aarch64", file.name],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    found = (LINE.fullmatch(line) for line in done.stdout.splitlines())
    return {int(line[1], 16): line[2] for line in found if line}


def spelling(text: str) -> str:
    """Without what two disassemblers may write differently: number bases, comments, blanks."""
    text = text.partition("//")[0].partition(";")[0]
    text = NUMBER.sub(lambda number: f"#{wrapped(number[1], int(number[2], 0))}", text)
    return " ".join(text.replace(", #0]!", "]!").split())


def wrapped(sign: str, value: int) -> int:
    """A number as signed 64 bits."""
    value = -value if sign else value
    return value - (1 << 64) if value >> 63 == 1 else value


if __name__ == "__main__":
    sys.exit(main())
