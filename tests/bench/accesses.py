"""Device accesses of a run, from two sources that know nothing of each other.

QEMU's own log (`-trace memory_region_ops_read -trace memory_region_ops_write`) lists what reached
the device; babeltrace2 prints what Vellum recorded.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from runs import BenchError

QEMU_LOG = ("-trace", "memory_region_ops_read", "-trace", "memory_region_ops_write", "-D")

_QEMU = re.compile(
    r"memory_region_ops_(read|write) cpu -?\d+ mr \S+ addr (0x[0-9a-f]+) "
    r"value (0x[0-9a-f]+) size (\d+)"
)
_EVENT = re.compile(
    r"mmio_(read|write)(8|16|32|64): .*\baddr = (0x[0-9A-F]+), value = (0x[0-9A-F]+)"
)


@dataclass(frozen=True)
class Access:
    """One access, as the device saw it."""

    write: bool
    address: int
    value: int
    size: int  # bytes

    def __str__(self) -> str:
        word = "write" if self.write else "read"
        return f"{word}{self.size * 8} {self.address:#x} {self.value:#x}"


def from_qemu(log: Path, start: int, size: int) -> Iterator[Access]:
    """The accesses to [start, start + size), in order."""
    with log.open() as lines:
        for line in lines:
            if (found := _QEMU.match(line)) and start <= int(found[2], 16) < start + size:
                yield Access(
                    found[1] == "write", int(found[2], 16), int(found[3], 16), int(found[4])
                )


def from_trace(folder: Path) -> Iterator[Access]:
    """All accesses of a trace, in order of time. BenchError: babeltrace2 cannot read it."""
    done = subprocess.run(["babeltrace2", str(folder)], capture_output=True, text=True)
    if done.returncode != 0:
        raise BenchError(f"babeltrace2 {folder}: {done.stderr.strip().splitlines()[-1:]}")
    for line in done.stdout.splitlines():
        if found := _EVENT.search(line):
            yield Access(
                found[1] == "write", int(found[3], 16), int(found[4], 16), int(found[2]) // 8
            )


def difference(seen: list[Access], recorded: list[Access]) -> str:
    """What the first difference is; empty: there is none."""
    for number, (one, other) in enumerate(zip(seen, recorded, strict=False)):
        if one != other:
            return f"access {number} was {one}, in the trace {other}"
    if len(seen) != len(recorded):
        return f"the device saw {len(seen)} accesses, the trace has {len(recorded)}"
    return ""
