"""`vellum devices`: what of a machine can be traced, and how it is called."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from vellum.devices import Device, list_devices, load_registers
from vellum.devices.machine import dump_dtb
from vellum.errors import UsageError

__all__ = ["devices"]

_PIPE_WIDTH = 160  # of lines that no terminal bounds
_LINK = "carries the link to Vellum"


@click.command(epilog="What follows -- goes to QEMU, as for `vellum run`.")
@click.option(
    "--dtb", type=click.Path(path_type=Path), metavar="FILE", help="A machine's .dtb file."
)
@click.option("--smp", type=click.IntRange(1, 512), default=1, help="CPUs of the QEMU machine.")
@click.option("--qemu-binary", metavar="FILE", help="The QEMU to ask.")
@click.option("--registers", is_flag=True, help="List the registers known of each device.")
@click.option("--json", "as_json", is_flag=True, help="A JSON array.")
@click.argument("qemu_arguments", nargs=-1, type=click.UNPROCESSED, metavar="[-- QEMU ARGUMENT...]")
def devices(
    dtb: Path | None,
    smp: int,
    qemu_binary: str | None,
    registers: bool,
    as_json: bool,
    qemu_arguments: tuple[str, ...],
) -> None:
    """List the devices of a machine: of `vellum run`'s QEMU, or of a device tree.

    Each can be traced by its name, by its path in the device tree, by a compatible string (every
    device that has it), or by an address range.
    """
    found = _of_file(dtb) if dtb else _of_qemu(qemu_binary, smp, qemu_arguments)
    if as_json:
        print(json.dumps([_as_json(device) for device in found], indent=1))
        return
    width = None if sys.stdout.isatty() else _PIPE_WIDTH
    Console(highlight=False, width=width).print(_table(found, registers))


def _of_file(path: Path) -> list[Device]:
    try:
        return list_devices(path.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None


def _of_qemu(binary: str | None, smp: int, arguments: Sequence[str]) -> list[Device]:
    """The last virtio-mmio slot is the one that `vellum run` puts the link into."""
    found = list_devices(dump_dtb(binary, smp, arguments))
    slots = [index for index, device in enumerate(found) if "virtio,mmio" in device.compatible]
    for index in slots[-1:]:
        found[index] = replace(found[index], untraceable=_LINK)
    return found


def _table(found: Sequence[Device], registers: bool) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("device", "range"):
        table.add_column(name, no_wrap=True)
    for name in ("compatible", "registers"):
        table.add_column(name, overflow="fold")
    for device in found:
        table.add_row(
            device.name,
            "\n".join(f"{start:#x}-{start + size - 1:#x}" for start, size in device.ranges),
            "\n".join(device.compatible),
            _remark(device, registers),
            style="dim" if device.untraceable else "",
        )
    return table


def _remark(device: Device, registers: bool) -> str:
    if device.untraceable:
        return f"not traceable: {device.untraceable}"
    names = _registers(device)
    if not names:
        return ""
    return " ".join(names) if registers else f"{len(names)} of {device.registers}"


def _registers(device: Device) -> list[str]:
    known = load_registers(device.registers) if device.registers else None
    return [register.name for register in known.registers] if known else []


def _as_json(device: Device) -> dict[str, Any]:
    ranges = [{"start": start, "size": size} for start, size in device.ranges]
    return {**asdict(device), "ranges": ranges, "register_names": _registers(device)}
