"""What `vellum run` leaves beside a trace, made for tests: device tree, symbols, record."""

from __future__ import annotations

import json
from pathlib import Path

import libfdt
from vellum.symbols import SymbolTable

VECTORS = 0xFFFF800008010800
SLIDE = 0x200000
PC = VECTORS + SLIDE + 0x10
START = 1_000_000
PL011 = 0x9000000
VIRTIO = 0xA000000
GIC = 0x8000000

SYMBOLS = {
    "_text": -0x800,
    "vectors": 0,
    "pl011_read": 0x400,
    "pl011_write": 0x600,
    "_end": 0x10000,
}
DEVICES = {
    "pl011": ("arm,pl011", PL011, 0x1000),
    "virtio_mmio": ("virtio,mmio", VIRTIO, 0x200),
    "intc": ("arm,gic-v3", GIC, 0x10000),
}


def tree() -> bytes:
    fdt = libfdt.FdtSw()
    fdt.finish_reservemap()
    with fdt.add_node(""):
        fdt.property_u32("#address-cells", 1)
        fdt.property_u32("#size-cells", 1)
        for name, (compatible, start, size) in DEVICES.items():
            with fdt.add_node(f"{name}@{start:x}"):
                fdt.property_string("compatible", compatible)
                fdt.property("reg", start.to_bytes(4, "big") + size.to_bytes(4, "big"))
    return bytes(fdt.as_fdt().as_bytearray())


def pc_in(symbol: str, offset: int = 4) -> int:
    return VECTORS + SLIDE + SYMBOLS[symbol] + offset


def write_aside(directory: Path, slide: int = SLIDE, start: int = START) -> Path:
    aside = directory / "vellum"
    aside.mkdir()
    (aside / "guest.dtb").write_bytes(tree())
    addresses = [VECTORS + offset for offset in SYMBOLS.values()]
    SymbolTable(addresses, "T" * len(SYMBOLS), list(SYMBOLS)).save(aside / "symbols.gz")
    (aside / "run.json").write_text(json.dumps({"kaslr_slide": slide, "start_counter": start}))
    return directory
