"""The figures: what is run for each, and what it must reach."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import libfdt
from accesses import QEMU_LOG, difference, from_qemu, from_trace
from runs import (
    TREE,
    BenchError,
    Guest,
    Run,
    boot_instructions,
    loop_instructions,
    payload,
    run_bare,
    run_vellum,
)

import host

KERNEL = "debian-6.1-cloud"
APPEND = "console=ttyAMA0 nokaslr panic=-1 vellum.do=counter,reboot"
UART = "pl011"
ROUNDS = 20_000
IPI_ROUNDS = 4_000


@dataclass(frozen=True)
class Figure:
    """One row of the table; `value` at most `limit`, or of a rate at least; and no `problem`."""

    value: float
    unit: str
    bare: float  # the same thing without Vellum
    limit: float
    problem: str = ""
    at_least: bool = False  # more is better

    @property
    def within(self) -> bool:
        """On the right side of the limit."""
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    @property
    def good(self) -> bool:
        return self.within and not self.problem


class Boots:
    """The Linux boots and other long runs, each done once, however many figures need it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.qemu_log = folder / "qemu-accesses.log"

    @cached_property
    def guest(self) -> Guest:
        return Guest(
            TREE / f"build/kernels/{KERNEL}/vmlinuz",
            APPEND,
            TREE / f"build/initramfs/{KERNEL}.cpio.gz",
            memory=1 << 30,
        )

    @cached_property
    def untraced(self) -> Run:
        return run_vellum(self.guest, self._folder / "boot")

    @cached_property
    def traced(self) -> Run:
        return run_vellum(self.guest, self._folder / "boot-traced", trace=UART)

    @cached_property
    def logged(self) -> Run:
        """Traced by Vellum and by QEMU at once."""
        qemu = (*QEMU_LOG, str(self.qemu_log))
        return run_vellum(self.guest, self._folder / "boot-logged", trace=UART, qemu=qemu)

    @cached_property
    def bare(self) -> Run:
        """The same guest on the same machine: as much RAM as Vellum left it, the same FDT.

        Both matter more than Vellum does: a page of RAM costs instructions to set up, and the
        kernel sums up its FDT, of which QEMU's own is padded to 1 MiB (4 million instructions).
        """
        kept = int(self.untraced.record["machine"]["vellum_size"])
        dtb = self._folder / "bare.dtb"
        dtb.write_bytes(_with_hvc((self._folder / "boot/vellum/guest.dtb").read_bytes()))
        return run_bare(self.guest, self.guest.memory - kept, ("-dtb", str(dtb)))

    @cached_property
    def stat_10m(self) -> host.Cost:
        return host.stat_cost(self._folder)

    @property
    def counter_hz(self) -> int:
        return int(self.untraced.record["machine"]["counter_hz"])

    def ratio(self, run: Run) -> tuple[float, float]:
        """Instructions from entry to /init over those of the bare run; and the latter."""
        bare = boot_instructions(self.bare, self.counter_hz)
        return boot_instructions(run, self.counter_hz) / bare, bare


def _with_hvc(blob: bytes) -> bytes:
    """The FDT for QEMU without EL2, where PSCI is called by HVC."""
    fdt = libfdt.Fdt(bytearray(blob))
    fdt.setprop_str(fdt.path_offset("/psci"), "method", "hvc")
    return bytes(fdt.as_bytearray())


def boot_ratio(boots: Boots, folder: Path) -> Figure:
    value, bare = boots.ratio(boots.untraced)
    return Figure(value, "x", bare, 1.001)


def boot_traced_ratio(boots: Boots, folder: Path) -> Figure:
    value, bare = boots.ratio(boots.traced)
    return Figure(value, "x", bare, 1.006, _trace_problem(boots))


def _trace_problem(boots: Boots) -> str:
    """Is every access that reached the device in the trace, as it was and in order?"""
    run = boots.logged
    device = run.record["devices"][0]
    seen = list(from_qemu(boots.qemu_log, device["start"], device["size"]))
    recorded = list(from_trace(_folder_of(run)))
    return difference(seen, recorded) or ("" if seen else "the device saw no access at all")


def mmio_traced_insn(boots: Boots, folder: Path) -> Figure:
    return _dearest("read", "write", limit=150, folder=folder)


def mmio_traced_isv0_insn(boots: Boots, folder: Path) -> Figure:
    """Accesses whose syndrome does not tell all: decoded."""
    return _dearest("pair", "writeback", limit=400, folder=folder)


def _dearest(*ops: str, limit: float, folder: Path) -> Figure:
    return max((_mmio(op, limit, folder) for op in ops), key=lambda figure: figure.value)


def _mmio(op: str, limit: float, folder: Path) -> Figure:
    guest = payload("count_mmio", f"op={op} count={ROUNDS}")
    run = run_vellum(guest, folder / f"mmio-{op}", trace=UART)
    bare = loop_instructions(run_bare(guest))
    problem = "" if len(list(from_trace(_folder_of(run)))) >= ROUNDS else "events are missing"
    return Figure(loop_instructions(run) - bare, "instructions", bare, limit, problem)


def hvc_insn(boots: Boots, folder: Path) -> Figure:
    """Bare there is no hypervisor to call: PSCI_VERSION stands for it."""
    run = run_vellum(payload("count_hvc", f"count={ROUNDS}"), folder / "hvc")
    bare = loop_instructions(run_bare(payload("count_hvc", f"call=psci count={ROUNDS}")))
    return Figure(loop_instructions(run), "instructions", bare, 40)


def ipi_insn(boots: Boots, folder: Path) -> Figure:
    guest = payload("count_ipi", f"count={IPI_ROUNDS}", smp=2)
    run = run_vellum(guest, folder / "ipi")
    bare = loop_instructions(run_bare(guest))
    return Figure(loop_instructions(run) - bare, "instructions", bare, 150)


def trace_bytes_per_event(boots: Boots, folder: Path) -> Figure:
    run = _folder_of(boots.traced)
    streams = [Path(entry) for entry in os.scandir(run) if entry.is_file()]
    total = sum(path.stat().st_size for path in streams)
    events = len(list(from_trace(run)))
    if events == 0:
        raise BenchError("the traced boot has no events")
    return Figure(total / events, "bytes", 0, 32)


def host_ingest_eps(boots: Boots, folder: Path) -> Figure:
    """From the link's bytes to the disk. Bare: the same bytes, only written."""
    value, bare = host.ingest_rate(folder)
    return Figure(value, "events/s", bare, 1_000_000, at_least=True)


def host_decode_eps(boots: Boots, folder: Path) -> Figure:
    """Bare: babeltrace2 to text, which names no register."""
    value, bare = host.decode_rate(folder)
    return Figure(value, "events/s", bare, 300_000, at_least=True)


def stat_10m_s(boots: Boots, folder: Path) -> Figure:
    return Figure(boots.stat_10m.wall, "seconds", 0, 20)


def stat_10m_mb(boots: Boots, folder: Path) -> Figure:
    return Figure(boots.stat_10m.megabytes, "MB", 0, 500)


METRICS: dict[str, Callable[[Boots, Path], Figure]] = {
    "boot_ratio": boot_ratio,
    "boot_traced_ratio": boot_traced_ratio,
    "mmio_traced_insn": mmio_traced_insn,
    "mmio_traced_isv0_insn": mmio_traced_isv0_insn,
    "hvc_insn": hvc_insn,
    "ipi_insn": ipi_insn,
    "trace_bytes_per_event": trace_bytes_per_event,
    "host_ingest_eps": host_ingest_eps,
    "host_decode_eps": host_decode_eps,
    "stat_10m_s": stat_10m_s,
    "stat_10m_mb": stat_10m_mb,
}


def _folder_of(run: Run) -> Path:
    assert run.folder is not None  # of a bare run there is none, and none is asked for
    return run.folder
