"""A bug of Vellum's own: gdb makes one, and the UART and the host must say what happened."""

from __future__ import annotations

import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from guest import ROOT, Run, is_running, machine_processes, payload, start

ELF = ROOT / "build/vellum.elf"
STACK = 1 << 14  # in the upper half of a block of twice that, the lower half of which is its guard
ABORT_CLASS = {"instruction": 0x21, "data": 0x25}  # ESR_EL2.EC, taken from EL2 itself
TRANSLATION, PERMISSION = 0b0001, 0b0011  # ESR_EL2.ISS, fault status without its level


def symbols() -> dict[str, int]:
    """Offsets in the image, by name."""
    lines = subprocess.run(
        ["aarch64-linux-gnu-nm", str(ELF)], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return {fields[2]: int(fields[0], 16) for fields in map(str.split, lines) if len(fields) == 3}


def functions(offsets: list[str]) -> list[str]:
    """The name of the function of each, as addr2line has it."""
    command = ["aarch64-linux-gnu-addr2line", "-f", "-e", str(ELF), *offsets]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return lines.splitlines()[::2]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name: a socket's path has 107 characters at most."""
    with tempfile.TemporaryDirectory(prefix="vellum-") as name:
        yield Path(name)


def break_vellum(folder: Path, link: str, commands: list[str]) -> Run:
    """A guest under Vellum; gdb stops a CPU where an access of it is handled, then does `commands`.

    $base is where the image is.
    """
    log, gdb = folder / "log", folder / "gdb"
    options = [*payload("hammer", "count=1000000000"), "--smp", "2", "--link", link]
    if link == "virtio":  # else it is a model of ours that every access goes to
        options += ["--trace", "0x9000fe0+4"]
    gdb_server = ("-gdb", f"unix:{gdb},server=on,wait=off")
    process = start(options, folder / "trace", log, gdb_server)
    try:
        end = time.monotonic() + 30
        while not (folder / "trace/vellum/console.log").exists():  # until the guest is started
            assert process.poll() is None and time.monotonic() < end, log.read_text()
            time.sleep(0.02)
        machines = machine_processes(process.pid)
        at = symbols()
        script = [
            f"target remote {gdb}",
            f"set $base = $VBAR_EL2 - {at['vectors']}",
            f"hbreak *($base + {at['mmio_data_abort']})",
            "continue",
            "delete",
            *commands,
            "detach",
        ]
        subprocess.run(
            ["gdb-multiarch", "-nx", "-batch", *(f"-ex={line}" for line in script)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            timeout=30,
            check=True,
        )
        status = process.wait(20)
    finally:
        process.kill()
    assert not any(map(is_running, machines))
    return Run(status, log.read_text(errors="replace"))


AT = symbols() if ELF.exists() else {}
DATA = AT.get("machine", 0)  # a variable's place


@pytest.mark.parametrize("link", ["virtio", "pl011"])
@pytest.mark.parametrize(
    ("commands", "kind", "fault", "headline"),
    [
        pytest.param(
            ["set $pc = 0x7fff12345678"],
            "instruction", TRANSLATION, "exception at EL2, esr {esr} at 0x7fff12345678",
            id="jump-to-nowhere",
        ),
        pytest.param(
            [f"set $pc = $base + {DATA}"],
            "instruction", PERMISSION, f"exception at EL2, esr {{esr}} at image+{DATA:#x}",
            id="execute-data",
        ),
        pytest.param(  # x1: the frame that the access's value goes into
            [f"set $x1 = $base + {AT.get('trap_guest_sync', 0) & ~15}"],
            "data", PERMISSION, "exception at EL2, esr {esr} at image+",
            id="write-to-text",
        ),
        pytest.param(
            [f"set $sp = ((long)$sp & ~{2 * STACK - 1}) + {STACK} + 16"],
            "data", TRANSLATION, "stack overflow at EL2, esr {esr} at image+",
            id="stack-overflow",
        ),
    ],
)  # fmt: skip
def test_a_bug_is_told_with_registers_and_a_backtrace(
    commands: list[str], kind: str, fault: int, headline: str, link: str, folder: Path
) -> None:
    done = break_vellum(folder, link, commands)
    assert done.status == 1, done.console
    text = done.console[done.console.index("vellum: panic: ") :]
    lines = text.splitlines()
    first = lines[0]
    esr = re.search(r"esr (0x[0-9a-f]+)", first)
    assert esr, first
    assert first.startswith("vellum: panic: " + headline.format(esr=esr[1]))
    assert int(esr[1], 16) >> 26 == ABORT_CLASS[kind]
    assert int(esr[1], 16) >> 2 & 0xF == fault
    assert set(map(int, re.findall(r"\bx(\d+) +[0-9a-f]{16}\b", text))) == set(range(31))
    assert re.search(r"\bsp +[0-9a-f]{16} +pc +[0-9a-f]{16} +pstate +[0-9a-f]{8}\b", text)

    places = re.findall(r"(?:at|called from) image\+(0x[0-9a-f]+)", text)
    names = functions([place for place in places if int(place, 16) < AT["image_text_end"]])
    assert names and "??" not in names, text
    assert "guest_sync" in names, names

    # The host's last line is the first one of the panic.
    assert lines[-1] == "vellum: error: Vellum: " + first.removeprefix("vellum: ")
    assert "Traceback" not in done.console
