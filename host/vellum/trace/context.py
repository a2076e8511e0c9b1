"""What is known of a trace besides its packets: the run's record, its device tree, its symbols.

`vellum run` leaves them in the trace's folder `vellum/`. A trace is readable without any of them:
then addresses stay numbers. A file that is there but broken is a note, not an error.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vellum.devices import Device, RegisterMap, list_devices
from vellum.devices.svd import attach, load_svd
from vellum.errors import UsageError
from vellum.symbols import SymbolTable

FOLDER = "vellum"
RECORD = "run.json"
TREE = "guest.dtb"
SYMBOLS = "symbols.gz"


@dataclass(frozen=True)
class Context:
    """Devices of the guest, its symbols at run-time addresses, the counter at its start."""

    devices: tuple[Device, ...] = ()
    symbols: SymbolTable | None = None
    start: int | None = None
    notes: list[str] = field(default_factory=list)
    registers: Mapping[str, RegisterMap] = field(default_factory=dict)  # beyond the built-in ones


def load_context(directory: Path, svd: Path | None = None) -> Context:
    """Whatever `directory`/vellum has, with the registers of a CMSIS-SVD file.

    UsageError: the file cannot be used.
    """
    folder = directory / FOLDER
    notes: list[str] = []
    record = _record(folder / RECORD, notes)
    start = record.get("start_counter")
    devices = _devices(folder / TREE, record, notes)
    registers: Mapping[str, RegisterMap] = {}
    if svd is not None:
        devices, registers = attach(devices, load_svd(svd))
    return Context(
        devices=tuple(devices),
        symbols=_symbols(folder / SYMBOLS, record, notes),
        start=start if isinstance(start, int) else None,
        notes=notes,
        registers=registers,
    )


def _record(path: Path, notes: list[str]) -> dict[str, Any]:
    try:
        record = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        notes.append(f"cannot read {path}: times begin at the first event")
        return {}
    return record if isinstance(record, dict) else {}


def _devices(tree: Path, record: dict[str, Any], notes: list[str]) -> list[Device]:
    """Devices of the guest's tree; of a run without it, those that were traced."""
    try:
        devices = list_devices(tree.read_bytes())
        return [device for device in devices if not device.untraceable]
    except FileNotFoundError:
        pass
    except (OSError, UsageError) as error:
        notes.append(f"cannot read {tree}: {error}")
    try:
        return [
            Device(
                str(entry["name"]),
                str(entry["path"]),
                ranges=((int(entry["start"]), int(entry["size"])),),
                registers=entry.get("registers"),
            )
            for entry in record.get("devices", ())
        ]
    except (KeyError, TypeError, ValueError):
        return []


def _symbols(path: Path, record: dict[str, Any], notes: list[str]) -> SymbolTable | None:
    """The kernel's symbols where it ran; None when nothing tells where that was."""
    if not path.exists():
        return None
    try:
        symbols = SymbolTable.load(path)
    except UsageError as error:
        notes.append(str(error))
        return None
    slide = record.get("kaslr_slide")
    if not isinstance(slide, int):
        notes.append("where the kernel ran is not known (KASLR): PCs stay numbers")
        return None
    return symbols.with_slide(slide)
