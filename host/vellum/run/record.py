"""run.json: what a trace alone does not say of its run, for `vellum trace`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vellum.devices import Device
from vellum.link.messages import HelloReply
from vellum.link.target import Stats
from vellum.run.directory import writing
from vellum.run.options import RunOptions
from vellum.run.outcome import Outcome
from vellum.symbols.table import SymbolTable

__all__ = ["kaslr_slide", "write_record"]

VERSION = 1
VECTORS = "vectors"  # what Linux has in VBAR_EL1 while it runs
PAGE = 4096


def write_record(
    path: Path,
    *,
    hello: HelloReply,
    options: RunOptions,
    devices: Sequence[Device],
    symbols: SymbolTable | None,
    stats: Stats | None,
    start_counter: int,
    outcome: Outcome,
) -> None:
    """Writes `path`, whole or not at all."""
    vbar = stats.guest_vbar if stats else 0
    record = {
        "version": VERSION,
        "machine": asdict(hello),
        "guest": {
            "kernel": str(options.kernel),
            "initrd": str(options.initrd) if options.initrd else None,
            "append": options.append,
            "smp": options.machine.smp,
            "mem": options.machine.memory,
        },
        "devices": [entry for device in devices for entry in _entries(device)],
        "kaslr_slide": kaslr_slide(symbols, vbar),
        "vbar": vbar,
        "stop": {"reason": outcome.reason, "counter": outcome.counter},
        "start_counter": start_counter,
        "exits": stats.exits if stats else {},
    }
    new = path.with_suffix(".new")
    with writing(path):
        new.write_text(json.dumps(record, indent=1) + "\n")
        new.replace(path)


def kaslr_slide(symbols: SymbolTable | None, vbar: int) -> int | None:
    """How far the kernel moved itself, bytes, from the VBAR_EL1 it was seen with; None: unknown."""
    linked: int | None = symbols.address(VECTORS) if symbols else None
    if linked is None or not vbar or (vbar - linked) % PAGE:
        return None
    return vbar - linked


def _entries(device: Device) -> list[dict[str, Any]]:
    """One for each range of the device."""
    return [
        {
            "name": device.name,
            "path": device.path,
            "compatible": list(device.compatible),
            "start": start,
            "size": size,
            "registers": device.registers,
        }
        for start, size in device.ranges
    ]
