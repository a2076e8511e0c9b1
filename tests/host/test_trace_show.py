"""`vellum trace`: lines with names, sums, and one line when something is wrong."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from aside import PC, PL011, START, write_aside
from click.testing import CliRunner
from synthetic import COUNTER_HZ, packet, write_trace
from vellum.cli.trace import trace as command
from vellum.trace.stat import summarize

EVENTS = [
    (START + COUNTER_HZ, 6, (PC, PL011, 0x41)),
    (START + COUNTER_HZ + 125, 2, (PC, PL011 + 0x18, 0x90)),
    (START + COUNTER_HZ + 250, 1, (0x1234, PL011 + 0x18, 0x90)),
    (START + 2 * COUNTER_HZ, 3, (PC, 0xDEAD0000, 7)),
]
OTHERS = [
    (START + COUNTER_HZ + 50, 8, (PC, PL011 + 0x30, 0xB8004C01, 0x93000047)),
    (START + COUNTER_HZ + 60, 9, (PC, PL011 + 0x800, 0x93800047)),
    (START + COUNTER_HZ + 70, 10, (PC, 0x62300000)),
]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    path = write_trace(
        tmp_path / "t", [packet(EVENTS), packet(OTHERS, cpu=1, sequence=2, discarded=9)]
    )
    write_aside(path)
    return path


def lines(*arguments: str | Path) -> list[str]:
    done = CliRunner().invoke(command, [str(one) for one in arguments])
    assert done.exit_code == 0, done.output
    return [line for line in done.stdout.splitlines() if line]


def test_shows_time_register_fields_and_symbol(directory: Path) -> None:
    shown = [line.split() for line in lines("show", directory)]
    place = "pl011@9000000.UARTDR"
    assert (
        shown[0] == f"1.000000000 +1.000000000 cpu0 W4 {place} 0x00000041 'A' vectors+0x10".split()
    )
    assert shown[4][0:2] == ["1.000002000", "+0.000000880"]
    assert shown[4][3:] == [
        *("R4", "pl011@9000000.UARTFR"),
        *("0x00000090", "RXFE", "TXFE", "vectors+0x10"),
    ]
    assert shown[5][3:] == ["R2", "pl011@9000000.UARTFR", "0x0090", "RXFE", "TXFE", "0x1234"]
    assert shown[6][3:] == ["R8", "0xdead0000", "0x0000000000000007", "vectors+0x10"]


def test_shows_events_that_are_no_plain_access(directory: Path) -> None:
    shown = [" ".join(line.split()[2:]) for line in lines("show", directory, "--cpu", "1")]
    assert shown == [
        "cpu1 mmio_stepped pl011@9000000.UARTCR insn=0xb8004c01 esr=0x93000047 vectors+0x10",
        "cpu1 mmio_aborted pl011@9000000+0x800 esr=0x93800047 vectors+0x10",
        "cpu1 trap_unknown esr=0x62300000 vectors+0x10",
    ]


def test_shows_a_part(directory: Path) -> None:
    assert len(lines("show", directory, "--limit", "2")) == 2
    assert len(lines("show", directory, "--device", "pl011")) == 5
    assert len(lines("show", directory, "--device", "0x9000018+4")) == 2
    assert len(lines("show", directory, "--device", "arm,pl011", "--cpu", "0")) == 3


def test_shows_raw_numbers(directory: Path) -> None:
    time = START + COUNTER_HZ
    raw = f"{time} cpu0 mmio_write32 pc={PC:#x} addr=0x9000000 value=0x41"
    assert lines("show", directory, "--raw")[0] == raw


def test_shows_numbers_when_there_are_no_names(directory: Path) -> None:
    shutil.rmtree(directory / "vellum")
    shown = lines("show", directory)[0].split()
    assert shown == f"0.000000000 +0.000000000 cpu0 W4 {PL011:#x} 0x00000041 {PC:#x}".split()


def test_says_what_is_lost(directory: Path) -> None:
    notes = CliRunner().invoke(command, ["show", str(directory)]).stderr
    assert "CPU 1: 9 events were dropped" in notes and "CPU 1: 2 packets are missing" in notes


@pytest.mark.parametrize("name", ["run.json", "guest.dtb", "symbols.gz"])
def test_a_broken_file_aside_is_a_note(directory: Path, name: str) -> None:
    (directory / "vellum" / name).write_bytes(b"\x1f\x8bgarbage")
    done = CliRunner().invoke(command, ["show", str(directory)])
    assert done.exit_code == 0 and name in done.stderr
    assert len(done.stdout.splitlines()) == 7


def test_names_no_symbol_when_it_is_not_known_where_the_kernel_ran(directory: Path) -> None:
    (directory / "vellum" / "run.json").write_text('{"kaslr_slide": null}')
    done = CliRunner().invoke(command, ["show", str(directory)])
    assert f"{PC:#x}" in done.stdout and "KASLR" in done.stderr


def test_sums_up(directory: Path) -> None:
    stat = summarize(directory)
    assert stat.events == 7 and stat.bytes == 160 + 24 + 24 + 22 + 28 + 28 + 24 + 16
    assert (stat.discarded, stat.missing) == (9, 2)
    assert stat.seconds == 1.0
    pl011, nowhere = stat.devices
    assert (pl011.name, pl011.reads, pl011.writes, pl011.other) == ("pl011@9000000", 2, 1, 2)
    assert [(one.name, one.reads, one.writes) for one in pl011.registers[:2]] == [
        ("UARTFR", 2, 0),
        ("+0x800", 0, 0),
    ]
    assert nowhere.registers[0].name == "0xdead0000"
    assert [(cpu.cpu, cpu.events, cpu.packets) for cpu in stat.cpus] == [(0, 4, 1), (1, 3, 1)]


def test_sums_up_for_programs(directory: Path) -> None:
    found = json.loads("\n".join(lines("stat", directory, "--json")))
    assert found["events"] == 7 and found["types"]["mmio_stepped"] == 1
    assert found["bytes_per_event"] == pytest.approx(326 / 7)
    assert found["devices"][0]["registers"][0]["name"] == "UARTFR"


def test_sums_up_for_people(directory: Path) -> None:
    text = "\n".join(lines("stat", directory))
    assert "9 events dropped" in text and "2 packets missing" in text and "UARTFR" in text


def test_a_trace_without_events_is_summed_up(tmp_path: Path) -> None:
    write_trace(tmp_path / "t", [])
    assert "lost" in "\n".join(lines("stat", tmp_path / "t"))
    assert lines("show", tmp_path / "t") == []


def test_a_cut_stream_is_shown_and_the_cut_reported(directory: Path) -> None:
    stream = directory / "cpu0"
    stream.write_bytes(stream.read_bytes() + packet(EVENTS, sequence=1)[:100])
    done = CliRunner().invoke(command, ["show", str(directory)])
    assert len(done.stdout.splitlines()) == 7
    assert "100 bytes" in done.stderr


def test_a_reader_that_leaves_is_no_error(vellum: str, tmp_path: Path) -> None:
    many = [(n, 2, (PC, PL011, n & 0xFF)) for n in range(50_000)]
    write_trace(tmp_path / "t", [packet(many)])
    shell = f"{vellum} trace show {tmp_path / 't'} | head -1"
    done = subprocess.run(
        ["sh", "-c", shell], capture_output=True, text=True, timeout=60, check=True
    )
    assert len(done.stdout.splitlines()) == 1 and done.stderr == ""


@pytest.mark.parametrize("arguments", [["show", "{}/none"], ["stat", "{}"], ["show", "/dev/null"]])
def test_what_is_no_trace_is_told_in_one_line(
    vellum: str, tmp_path: Path, arguments: list[str]
) -> None:
    full = [vellum, "trace", *(one.format(tmp_path) for one in arguments)]
    done = subprocess.run(full, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1 and "Traceback" not in done.stderr


def test_an_unknown_device_is_told_in_one_line(vellum: str, directory: Path) -> None:
    full = [vellum, "trace", "show", str(directory), "--device", "pl012"]
    done = subprocess.run(full, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2 and "pl011" in done.stderr
