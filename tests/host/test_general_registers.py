"""The guest's SIMD, SVE and SME state stays in the registers.

No instruction at EL2 names one, but for those that carry out a load or store of the guest's.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from vellum.codegen.__main__ import ROOT

CROSS = "aarch64-linux-gnu-"
# An operand that is a SIMD, SVE or SME register: v0.16b, q1, {d2-d3}, z4.s, p0/z, za.
REGISTER = re.compile(
    r"(?:^|[\s,\[{-])((?:[vqdshbz](?:[12]?\d|3[01])|p(?:\d|1[0-5])|za\w*)(?![\w$]))"
)
# What sees or moves the state of those registers without naming one.
SYSTEM = re.compile(r"\b(?:fpcr|fpsr|svcr|smstart|smstop|rdvl|rdsvl|setffr)\b")
# hv/mmio/vector.S, and all that it may do.
GUESTS_OWN = {"vector_read": "str\tq", "vector_write": "ldr\tq"}


def simd_instructions(program: Path) -> tuple[int, list[str]]:
    """How many instructions there are, and those that touch SIMD or floating-point state."""
    command = [f"{CROSS}objdump", "-d", "--no-show-raw-insn", str(program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    count, found, allowed = 0, [], None
    for line in done.stdout.splitlines():
        if label := re.fullmatch(r"[0-9a-f]+ <(\w+)>:", line):
            allowed = GUESTS_OWN.get(label[1])
        address, separator, text = line.partition(":\t")
        if not separator or not re.fullmatch(r" *[0-9a-f]+", address):
            continue
        count += 1
        if allowed and text.startswith(allowed):
            continue
        # Not objdump's remarks, nor the names and hexadecimal addresses of branch targets.
        operands = re.sub(r"//.*|\b[0-9a-f]+ <.*", "", text.partition("\t")[2])
        if REGISTER.search(operands) or SYSTEM.search(text):
            found.append(line.strip())
    return count, found


@pytest.mark.parametrize("elf", ["build/vellum.elf", "build/clang/vellum.elf"])
def test_no_instruction_of_vellum_names_a_simd_register(elf: str) -> None:
    program = ROOT / elf
    assert program.exists(), f"no {elf}; run: make image clang"
    count, found = simd_instructions(program)
    assert count > 5000
    assert not found


def test_such_an_instruction_would_be_seen(tmp_path: Path) -> None:
    instructions = [
        *("fadd d0, d1, d2", "ldr q3, [x0]", "stp d8, d9, [sp]", "movi v0.2d, #0"),
        *("fmov w0, s1", "ld1 {v1.16b, v2.16b}, [x0]", "str h5, [x1]", "ldr b6, [x1]"),
        *("ptrue p0.b", "ld1d {z3.d}, p1/z, [x0]", "msr fpcr, x0", "mov x0, v3.d[0]"),
    ]
    harmless = ["mov x0, x1", "b .", "ldp x29, x30, [sp]", "mrs x0, mpidr_el1", "add x0, x0, #0xd1"]
    source = tmp_path / "simd.s"
    source.write_text("\n".join([".arch armv8-a+sve", *instructions, *harmless, ""]))
    program = tmp_path / "simd.o"
    command = [f"{CROSS}as", "-o", str(program), str(source)]
    subprocess.run(command, timeout=60, check=True)
    count, found = simd_instructions(program)
    assert (count, len(found)) == (len(instructions) + len(harmless), len(instructions))
