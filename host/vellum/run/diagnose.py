"""Where a guest that does nothing is: each CPU's PC, by name where the kernel's symbols tell."""

from __future__ import annotations

from collections.abc import Sequence

from vellum.link.messages import CpuStateRecord
from vellum.symbols.table import SymbolTable

__all__ = ["describe_cpus"]

FIRST_CODE = "_stext"  # in the first 2 MiB of an Image, which is linked at a multiple of that
ALIGNMENT = 2 << 20


def describe_cpus(
    cpus: Sequence[CpuStateRecord], kernel: int, symbols: SymbolTable | None
) -> list[str]:
    """A line for each CPU; `kernel`: physical address of the guest's Image."""
    lines = []
    for number, cpu in enumerate(cpus):
        if not cpu.online:
            lines.append(f"CPU {number}: not started")
            continue
        mode = f"EL{cpu.pstate >> 2 & 3}"
        name = _name_of_pc(cpu, kernel, symbols)
        lines.append(f"CPU {number}: PC {cpu.pc:#x}{name}, {mode}, VBAR_EL1 {cpu.vbar:#x}")
    return lines


def _name_of_pc(cpu: CpuStateRecord, kernel: int, symbols: SymbolTable | None) -> str:
    """` (symbol+offset)`, or nothing; before the MMU is on the PC is a physical address."""
    first = symbols.address(FIRST_CODE) if symbols else None
    if symbols is None or first is None:
        return ""
    linked = cpu.pc - (symbols.slide_from_vbar(cpu.vbar) or 0)
    start = first & -ALIGNMENT
    found = symbols.lookup(linked) or symbols.lookup(cpu.pc - kernel + start)
    return f" ({found[0]}+{found[1]:#x})" if found else ""
