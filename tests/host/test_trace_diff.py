"""`vellum trace diff`: its alignment by its own definition, and what a user sees of two boots."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from aside import PC, PL011, SLIDE, START, VIRTIO, write_aside
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import Made, packet, write_trace
from vellum.cli.trace import trace as command
from vellum.trace.align import align

FR, DR, CR = PL011 + 0x18, PL011, PL011 + 0x30
QUEUE_PFN = VIRTIO + 0x40
Access = tuple[int, int, int]  # event id, address, value
READ16, WRITE16, WRITE32, READ32 = 1, 5, 6, 2

items = st.lists(st.integers(0, 4), max_size=12)


def longest_common(a: Sequence[int], b: Sequence[int]) -> int:
    """By the textbook's recursion."""

    @cache
    def length(i: int, j: int) -> int:
        if i == len(a) or j == len(b):
            return 0
        if a[i] == b[j]:
            return 1 + length(i + 1, j + 1)
        return max(length(i + 1, j), length(i, j + 1))

    return length(0, 0)


@settings(max_examples=60, deadline=None)
@given(a=items, b=items)
def test_edits_make_the_one_of_the_other_and_are_as_few_as_can_be(
    a: list[int], b: list[int]
) -> None:
    made, at, kept = [], 0, 0
    for edit in align(a, b):
        assert edit.a_start >= at
        made += a[at : edit.a_start]
        kept += edit.a_start - at
        assert len(made) == edit.b_start
        made += b[edit.b_start : edit.b_end]
        at = edit.a_end
    assert made + a[at:] == b
    assert kept + len(a) - at == longest_common(a, b)


def test_long_sequences_are_aligned_at_once() -> None:
    a = [n * n % 97 for n in range(200_000)]
    b = [1000 if n % 5_000 == 77 else value for n, value in enumerate(a)]
    edits = align(a, b)
    assert [edit.a_start for edit in edits] == list(range(77, 200_000, 5_000))


def boot(
    folder: Path, accesses: Sequence[Access], slide: int = SLIDE, step: int = 50, cpus: int = 1
) -> Path:
    """A trace of these accesses, from one place in the kernel, on the CPUs in turn."""
    made: list[list[Made]] = [[] for _ in range(cpus)]
    for n, (kind, address, value) in enumerate(accesses):
        fields = (PC - SLIDE + slide, address, value)
        made[n % cpus].append((START + step * n, kind, fields))
    packets = [packet(one, cpu=cpu) for cpu, one in enumerate(made)]
    return write_aside(write_trace(folder, packets), slide)


PROBE = [(READ32, CR, 0x300), (WRITE32, CR, 0), (READ16, FR, 0x90)]
TEXT = [(WRITE16, DR, ord(char)) for char in "Linux"]
QUEUE = [(WRITE32, QUEUE_PFN, 0x43780)]


def diff(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, ["diff", *map(str, arguments)], standalone_mode=False)


def marked(result: Result) -> list[str]:
    return [
        " ".join(line.split()) for line in result.stdout.splitlines() if line[:2] in ("- ", "+ ")
    ]


def test_the_same_accesses_at_other_times_places_and_cpus_are_the_same(tmp_path: Path) -> None:
    a = boot(tmp_path / "a", PROBE + TEXT + QUEUE)
    b = boot(tmp_path / "b", PROBE + TEXT + QUEUE, slide=0x1230000, step=81, cpus=3)
    done = diff(a, b)
    assert (done.return_value, done.stdout) == (0, "")


def test_what_one_did_and_the_other_did_not_is_shown(tmp_path: Path) -> None:
    a = boot(tmp_path / "a", PROBE + TEXT + QUEUE)
    b = boot(tmp_path / "b", [*PROBE, (WRITE32, CR, 0x301), *TEXT[:2], *TEXT[3:], *QUEUE])
    done = diff(a, b)
    assert done.return_value == 1
    assert marked(done) == [
        "+ W4 UARTCR 0x00000301 UARTEN TXE RXE vectors+0x10",
        "- W2 UARTDR 0x006e 'n' vectors+0x10",
    ]
    assert "virtio" not in done.stdout and "1 of 2 devices differ" in done.stdout


def test_a_poll_of_any_length_is_one_step(tmp_path: Path) -> None:
    a = boot(tmp_path / "a", [*PROBE, *[(READ16, FR, 0x98)] * 7, *TEXT])
    b = boot(tmp_path / "b", [*PROBE, *[(READ16, FR, 0x98)] * 900, *TEXT])
    assert diff(a, b).return_value == 0
    c = boot(tmp_path / "c", [*PROBE, *[(READ16, FR, 0x98)] * 900, (READ16, FR, 0x90), *TEXT])
    done = diff(a, c)
    assert done.return_value == 1 and len(marked(done)) == 1
    assert "x7 (B: x900)" in done.stdout
    assert diff(a, c, "--ignore-values", "UARTFR").return_value == 0


def test_writes_are_counted_one_by_one(tmp_path: Path) -> None:
    a = boot(tmp_path / "a", [(WRITE16, DR, 0x2E)] * 5)
    b = boot(tmp_path / "b", [(WRITE16, DR, 0x2E)] * 6)
    assert marked(diff(a, b)) == ["+ W2 UARTDR 0x002e '.' vectors+0x10"]


def test_a_value_that_differs_by_nature_is_left_out(tmp_path: Path) -> None:
    a = boot(tmp_path / "a", PROBE + QUEUE)
    b = boot(tmp_path / "b", [*PROBE, (WRITE32, QUEUE_PFN, 0x43450)])
    assert diff(a, b).return_value == 1
    assert diff(a, b, "--ignore-values", "QueuePFN").return_value == 0
    assert diff(a, b, "--ignore-values", "virtio_mmio@a000000.Queue*").return_value == 0
    assert diff(a, b, "--ignore-values", "UARTDR").return_value == 1
    assert diff(a, b, "--device", "pl011").return_value == 0


def test_a_device_that_only_one_used_is_a_difference(tmp_path: Path) -> None:
    a, b = boot(tmp_path / "a", PROBE + QUEUE), boot(tmp_path / "b", PROBE)
    assert marked(diff(a, b)) == ["- W4 QueuePFN 0x00043780 vectors+0x10"]
    assert len(marked(diff(b, a))) == 1


def test_differences_for_programs(tmp_path: Path) -> None:
    a = boot(tmp_path / "a", PROBE + TEXT)
    b = boot(tmp_path / "b", PROBE + TEXT[1:])
    done = diff(a, b, "--json", "--context", "1")
    found = json.loads(done.stdout)
    (device,) = found["devices"]
    (hunk,) = device["hunks"]
    assert done.return_value == 1 and not found["same"] and not device["same"]
    assert (hunk["a_start"], hunk["a_count"], hunk["b_start"], hunk["b_count"]) == (2, 3, 2, 2)
    assert [line["mark"] for line in hunk["lines"]] == [" ", "-", " "]
    assert hunk["lines"][1]["step"]["value"] == ord("L")


def test_context_is_as_wide_as_asked_for(tmp_path: Path) -> None:
    text = [(WRITE16, DR, n) for n in range(40)]
    a, b = boot(tmp_path / "a", text), boot(tmp_path / "b", text[:10] + text[11:30] + text[31:])
    for width, lines, hunks in ((0, 0, 2), (3, 12, 2), (9, 36, 2), (10, 38, 1)):
        done = diff(a, b, "--context", str(width)).stdout
        assert done.count("@@ -") == hunks
        assert sum(line.startswith("  ") for line in done.splitlines()) == lines


def test_equal_but_for_lost_events_is_trouble(tmp_path: Path) -> None:
    a, b = boot(tmp_path / "a", PROBE + TEXT), boot(tmp_path / "b", PROBE + TEXT)
    with (b / "cpu0").open("ab") as file:
        file.write(packet([(START * 2, 0, (0, 0, 0))], sequence=1)[:50])
    done = diff(a, b)
    assert done.return_value == 2 and "50 bytes" in done.stderr


@pytest.mark.parametrize(
    "options", [["{}/none"], ["/dev/null"], ["{}/a", "--ignore-values", "UARTQ"], []]
)
def test_trouble_is_one_line_and_status_2(vellum: str, tmp_path: Path, options: list[str]) -> None:
    boot(tmp_path / "a", PROBE)
    arguments = [str(tmp_path / "a"), *(one.format(tmp_path) for one in options)]
    done = subprocess.run(
        [vellum, "trace", "diff", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("vellum: error: ")


def test_the_command_exits_as_diff_does(vellum: str, tmp_path: Path) -> None:
    a, b = boot(tmp_path / "a", PROBE), boot(tmp_path / "b", PROBE + TEXT)
    for pair, status in (((a, a), 0), ((a, b), 1)):
        done = subprocess.run(
            [vellum, "trace", "diff", *pair], capture_output=True, timeout=60, check=False
        )
        assert (done.returncode, done.stderr) == (status, b"")
