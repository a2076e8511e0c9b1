"""Every command of `vellum trace` on damaged traces: all whole packets, and a word on the rest."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from aside import PC, PL011, START, write_aside
from click.testing import CliRunner, Result
from synthetic import packet, write_trace
from vellum.cli.trace import trace as command
from vellum.errors import VellumError

PACKETS = [
    packet([(START + 1000 * n + k, k % 8, (PC, PL011 + 4 * k, k)) for k in range(20)], sequence=n)
    for n in range(6)
]
COMMANDS = [
    ["show", "{}"],
    ["show", "{}", "--raw", "--time", "0.."],
    ["stat", "{}"],
    ["stat", "{}", "--register", "UART*"],
    ["export", "{}", "--format", "csv", "-o", "-"],
    ["export", "{}", "--format", "jsonl", "-o", "-"],
    ["export", "{}", "--format", "perfetto", "-o", "-"],
    ["export", "{}", "--format", "vcd", "-o", "-"],
    ["plot", "{}", "-o", "{}/p.svg"],
    ["diff", "{}", "{}"],
]


def run(arguments: list[str], directory: Path) -> Result:
    words = [one.format(directory) for one in arguments]
    return CliRunner().invoke(command, words, standalone_mode=False)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return write_aside(write_trace(tmp_path / "t", PACKETS))


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_cut_stream_is_read_to_its_last_whole_packet(
    directory: Path, arguments: list[str]
) -> None:
    stream = directory / "cpu0"
    stream.write_bytes(stream.read_bytes()[:-30])
    done = run(arguments, directory)
    assert done.exception is None
    assert "the file ends within a packet" in done.stderr + done.stdout
    if arguments[0] == "show":
        assert len(done.stdout.splitlines()) == 100


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_lost_packet_is_told(directory: Path, arguments: list[str]) -> None:
    (directory / "cpu0").write_bytes(b"".join(PACKETS[:2] + PACKETS[4:]))
    done = run(arguments, directory)
    assert done.exception is None and "2 packets" in done.stderr + done.stdout


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_random_damage_never_ends_in_a_traceback(directory: Path, arguments: list[str]) -> None:
    source = random.Random(7)
    whole = b"".join(PACKETS)
    for _ in range(25):
        data = bytearray(whole)
        for _ in range(source.choice((1, 5, 100))):
            data[source.randrange(len(data))] = source.randrange(256)
        (directory / "cpu0").write_bytes(data[: source.randrange(len(data))])
        done = run(arguments, directory)
        assert done.exception is None or isinstance(done.exception, VellumError), done.exc_info
