"""Loads and stores whose syndrome does not tell the access: their effects and their events."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from guest import ROOT, Run, payload, run
from test_trace_truth import LOG, Access, qemu_log

Event = tuple[int, str, int, int, int]

MEMORY = 0x4C000000  # the payload's default
TRACE_MEMORY = ("--trace", f"ram:{MEMORY:#x}+0x1000")
PL011 = (0x9000000, 0x9001000)
ID = PL011[0] + 0xFE0
FBRD = PL011[0] + 0x28
NEWER_QEMU = str(ROOT / "build/toolchain/qemu10/qemu-system-aarch64")


def sums(done: Run) -> dict[int, tuple[str, str]]:
    """By form: its first word with what is said of it, and the sum of all that it left."""
    assert done.status == 0, done.console
    assert "isv0: done failures=0" in done.console, done.console
    found = re.findall(r"^isv0: form=(\d+) (.*) sum=(\w+)", done.console, re.MULTILINE)
    return {int(number): (word, total) for number, word, total in found}


@pytest.mark.parametrize("qemu", ["", NEWER_QEMU], ids=["qemu7", "qemu10"])
def test_every_form_leaves_on_traced_memory_what_it_leaves_on_memory(
    qemu: str, tmp_path: Path
) -> None:
    binary = ("--qemu-binary", qemu) if qemu else ()
    bare = sums(run([*payload("isv0"), *binary], None))
    traced = sums(run([*payload("isv0"), *binary, *TRACE_MEMORY], tmp_path / "trace"))
    assert len(bare) > 1000 and bare.keys() == traced.keys()
    different = {number: bare[number][0] for number in bare if bare[number] != traced[number]}
    # A trap clears the exclusive monitor: the store exclusive behind it must fail.
    assert all("exclusive" in word for word in different.values()), different


def on_the_bus(event: Event) -> list[Access]:
    """QEMU gives its PL011 8 bytes as two words."""
    _, direction, address, value, size = event
    if size < 8:
        return [(direction, address, value, size)]
    low, high = value & 0xFFFFFFFF, value >> 32
    return [(direction, address, low, 4), (direction, address + 4, high, 4)]


def test_each_element_is_recorded_as_the_device_saw_it(tmp_path: Path) -> None:
    log = tmp_path / "qemu.log"
    forms = ("pair", "writeback", "simd", "structure", "exclusive", "atomic", "prefetch")
    for form in forms:
        done = run(
            [*payload("mmio", f"forms={form}"), "--trace", "pl011"],
            tmp_path / form,
            (*LOG, str(log)),
        )
        assert done.status == 0, done.console
        ours = [part for event in done.events() for part in on_the_bus(event)]
        truth = qemu_log(log, [PL011])[0]
        assert ours == truth, form


def test_a_pair_is_two_reads_and_its_writeback_is_done(tmp_path: Path) -> None:
    done = run([*payload("mmio", "forms=pair"), "--trace", "pl011"], tmp_path / "trace")
    assert "form=pair_w a=0x11 b=0x10 moved=0" in done.console
    reads = [event[2:] for event in done.events() if event[1] == "read" and event[2] >= ID]
    assert (ID, 0x11, 4) in reads and (ID + 4, 0x10, 4) in reads
    writes = [event[2:] for event in done.events() if event[1:3] == ("write", FBRD)]
    assert writes[-1] == (FBRD, 0x21, 4)


def test_nothing_is_left_that_only_a_step_would_tell(tmp_path: Path) -> None:
    done = run([*payload("mmio", "forms=all"), "--trace", "pl011"], tmp_path / "trace")
    assert done.status == 0, done.console
    assert done.boot["exits"]["mmio_decoded"] > 10
    assert done.boot["exits"]["mmio_stepped"] == 0


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("0x4c000000+0x1000", "cannot be traced"),
        ("ram:0x9000000+0x1000", "cannot be traced"),
        ("ram:memory", "give `ram:START-LAST`"),
    ],
)
def test_memory_is_traced_only_by_name_and_only_where_it_is(
    spec: str, words: str, tmp_path: Path
) -> None:
    done = run([*payload("hello"), "--trace", spec], tmp_path / "trace")
    assert done.status != 0
    assert words in done.console
