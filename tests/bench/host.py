"""How fast the host is: packets to disk, events to text, and `vellum trace stat` of a long trace.

The traces are synthetic, of a boot's proportions (tests/host/synthetic.py). The rate of decoding is
of one core: its seconds are those that the process ran (user and system), whatever else does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from runs import TREE, VELLUM, BenchError

sys.path.insert(0, str(TREE / "tests/host"))

from aside import write_aside
from synthetic import COUNTER_HZ, TRACE_UUID, boot_like_packets, write_trace
from vellum.link.frame import Channel, FrameReceiver, encode
from vellum.trace.writer import TraceWriter

INGEST_EVENTS = 2_000_000
DECODE_EVENTS = 1_000_000
STAT_EVENTS = 10_000_000
CPUS = 4
READ_SIZE = 1 << 16
_MEASURE = """
import resource, subprocess, sys, time
begin = time.monotonic()
status = subprocess.run(sys.argv[1:]).returncode
wall = time.monotonic() - begin
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(wall, used.ru_utime + used.ru_stime, used.ru_maxrss, file=sys.stderr)
sys.exit(status)
"""


@dataclass(frozen=True)
class Cost:
    """Of one process: seconds of the clock and of a core, the most memory, and its output."""

    wall: float
    core: float
    megabytes: float
    output: str


class _ToDisk:
    """Takes frames as `vellum run` does: the payload of each is a packet for the writer."""

    def __init__(self, writer: TraceWriter) -> None:
        self._writer = writer

    def frame(self, channel: Channel, sequence: int, payload: memoryview) -> None:
        self._writer.packet(bytes(payload))

    def text(self, data: bytes) -> None:
        raise BenchError("there is text in the stream of packets")

    def problem(self, what: str) -> None:
        raise BenchError(f"the stream of packets is damaged: {what}")


def ingest_rate(folder: Path) -> tuple[float, float]:
    """Events a second from the link's bytes to the disk; and by plain writes of the same bytes.

    The clock counts, with the time until the disk has it all.
    """
    packets = list(boot_like_packets(INGEST_EVENTS, cpus=CPUS))
    stream = b"".join(
        encode(Channel.TRACE, n, [packet]) + packet for n, packet in enumerate(packets)
    )
    directory = folder / "ingest"
    begin = time.monotonic()
    with TraceWriter(directory, uuid=TRACE_UUID, counter_hz=COUNTER_HZ, env={}) as writer:
        _receive(FrameReceiver(_ToDisk(writer)), stream)
    for path in directory.iterdir():
        _to_disk(path)
    ours = time.monotonic() - begin
    size = sum(path.stat().st_size for path in directory.glob("cpu*"))
    if writer.events != INGEST_EVENTS or size != sum(map(len, packets)):
        raise BenchError(f"the writer took {writer.events:,} of {INGEST_EVENTS:,} events")
    begin = time.monotonic()
    (folder / "plain").write_bytes(stream)
    _to_disk(folder / "plain")
    return INGEST_EVENTS / ours, INGEST_EVENTS / (time.monotonic() - begin)


def _receive(receiver: FrameReceiver, stream: bytes) -> None:
    """As much at a time as a read of the link gives."""
    position = 0
    while position < len(stream):
        room = receiver.room()
        piece = stream[position : position + min(len(room), READ_SIZE)]
        room[: len(piece)] = piece
        receiver.advance(len(piece))
        position += len(piece)


def _to_disk(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def decode_rate(folder: Path) -> tuple[float, float]:
    """Events a second from disk to text, names and all: by `trace show`, and by babeltrace2."""
    directory = _trace(folder / "decode", DECODE_EVENTS)
    ours = run([str(VELLUM), "trace", "show", str(directory)], folder / "text")
    theirs = run(["babeltrace2", str(directory)], folder / "their-text")
    for cost, name in ((ours, "vellum trace show"), (theirs, "babeltrace2")):
        lines = cost.output.count("\n")
        if lines != DECODE_EVENTS:
            raise BenchError(f"{name} printed {lines:,} lines of {DECODE_EVENTS:,}")
    return DECODE_EVENTS / ours.core, DECODE_EVENTS / theirs.core


def stat_cost(folder: Path) -> Cost:
    """`vellum trace stat` of ten million events."""
    directory = _trace(folder / "stat", STAT_EVENTS)
    cost = run([str(VELLUM), "trace", "stat", "--json", str(directory)], folder / "stat.json")
    if f'"events": {STAT_EVENTS},' not in cost.output:
        raise BenchError("vellum trace stat did not count ten million events")
    return cost


def run(command: Sequence[str], output: Path) -> Cost:
    """Runs a command with its stdout in a file. BenchError: it failed.

    A small process in between does it, as Linux counts a child's memory from that of its parent.
    """
    between = [sys.executable, "-c", _MEASURE, *command]
    with output.open("wb") as file:
        done = subprocess.run(
            between, stdout=file, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False
        )
    if done.returncode:
        raise BenchError(f"{' '.join(command[:3])} ended with {done.returncode}")
    wall, core, kib = map(float, done.stderr.split()[-3:])
    return Cost(wall, core, kib / 1024, output.read_text())


def _trace(directory: Path, events: int) -> Path:
    return write_aside(write_trace(directory, boot_like_packets(events, cpus=CPUS)))
