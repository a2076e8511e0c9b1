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

__all__ = ["write_record"]

VERSION = 1


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
        "kaslr_slide": symbols.slide_from_vbar(vbar) if symbols else None,
        "vbar": vbar,
        "stop": {"reason": outcome.reason, "counter": outcome.counter},
        "start_counter": start_counter,
        "exits": stats.exits if stats else {},
    }
    new = path.with_suffix(".new")
    with writing(path):
        new.write_text(json.dumps(record, indent=1) + "\n")
        new.replace(path)


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
