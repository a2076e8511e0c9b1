"""`vellum run`: its options, and what it prints at the end."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

import click

from vellum.errors import UsageError
from vellum.qemu.command import MachineOptions
from vellum.run.bare import run_bare
from vellum.run.options import RunOptions
from vellum.run.report import Report
from vellum.run.session import run_vellum
from vellum.run.summary import print_json, print_summary
from vellum.run.terminal import KEYS
from vellum.run.watch import INTERRUPTED

__all__ = ["run"]

_EPILOG = f"""\b
Keys: {KEYS}.

\b
Examples:
  vellum run --kernel Image --initrd rd.gz --append console=ttyAMA0 --trace pl011
  vellum run --kernel vmlinuz --smp 4 --mem 2G --trace all -o traces/all
  vellum run --kernel Image --trace /pl031@9010000 --trace 0xa000000+0x200 \\
      -- -drive if=none,id=d,file=disk.img -device virtio-blk-device,drive=d

\b
Exit status: 0 the guest stopped by itself; 1 an error; 2 wrong usage; 3 the guest panicked;
4 it did not start or stop in time; 130 ended by Ctrl-C.
"""


class _Size(click.ParamType[int]):
    """Bytes: a number with K, M or G behind it; M when there is none, as QEMU has it."""

    name = "size"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """From what was typed."""
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"(\d+)([kmgt]?)i?b?", str(value).strip().lower())
        if not match or not int(match[1]):
            self.fail(f"{value!r} is not a size: give a number with K, M or G, such as 512M")
        return int(match[1]) << {"k": 10, "m": 20, "": 20, "g": 30, "t": 40}[match[2]]


@click.command(epilog=_EPILOG)
@click.option(
    "--kernel",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="Guest kernel: an arm64 Image, plain, compressed, or as EFI zboot.",
)
@click.option("--initrd", type=click.Path(path_type=Path), metavar="FILE", help="Initial RAM disk.")
@click.option("--append", metavar="TEXT", help="The kernel's command line.")
@click.option(
    "--smp",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="Number of CPUs.",
)
@click.option(
    "--mem",
    type=_Size(),
    default="1G",
    show_default=True,
    metavar="SIZE",
    help="RAM of the machine, Vellum's included.",
)
@click.option(
    "--trace",
    "trace",
    multiple=True,
    metavar="DEVICE",
    help="Device to trace: a name or path or compatible string of the device tree, an "
    "address range, `ram:` and a range of memory, or `all`. May be given many times.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder for the trace. [default: traces/DATE-TIME]",
)
@click.option("--force", is_flag=True, help="Replace the trace that is in the folder.")
@click.option(
    "--when-slow",
    type=click.Choice(["block", "drop"]),
    default="block",
    show_default=True,
    help="When the host cannot keep up: have the guest wait, or drop events, counted.",
)
@click.option(
    "--on-reboot",
    type=click.Choice(["end", "restart"]),
    default="end",
    show_default=True,
    help="What a reboot of the guest does.",
)
@click.option(
    "--link",
    type=click.Choice(["virtio", "pl011"]),
    default="virtio",
    show_default=True,
    help="Device that carries the link to Vellum. QEMU's pl011 takes about 50 kB/s.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    default=0,
    metavar="SECONDS",
    help="Longest time for the whole run. [default: none]",
)
@click.option(
    "--start-timeout",
    type=click.FloatRange(min=0),
    default=30,
    show_default=True,
    metavar="SECONDS",
    help="Longest time until the guest first prints; 0: any.",
)
@click.option(
    "--cpu",
    default=MachineOptions.cpu,
    show_default=True,
    metavar="MODEL",
    help="QEMU's CPU model.",
)
@click.option("--qemu-binary", metavar="PATH", help="QEMU to use. [default: $VELLUM_QEMU, PATH]")
@click.option(
    "--image",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Vellum's own image. [default: $VELLUM_IMAGE, build/vellum.img]",
)
@click.option("--icount", is_flag=True, help="Count time in instructions: repeatable, one CPU.")
@click.option("--no-random", is_flag=True, help="Give the guest no random seeds: repeatable runs.")
@click.option(
    "--json", "as_json", is_flag=True, help="Summary as JSON on stdout; the console goes to stderr."
)
@click.option("--bare", is_flag=True, help="The same guest without Vellum, for comparison.")
@click.argument("qemu_arguments", nargs=-1, type=click.UNPROCESSED, metavar="[-- QEMU ARGUMENTS]")
def run(
    kernel: Path,
    initrd: Path | None,
    append: str | None,
    smp: int,
    mem: int,
    trace: tuple[str, ...],
    output: Path | None,
    force: bool,
    when_slow: str,
    on_reboot: str,
    link: str,
    timeout: float,
    start_timeout: float,
    cpu: str,
    qemu_binary: str | None,
    image: Path | None,
    icount: bool,
    no_random: bool,
    as_json: bool,
    bare: bool,
    qemu_arguments: tuple[str, ...],
) -> int:
    """Boot a guest kernel under Vellum and trace its devices."""
    options = RunOptions(
        kernel=kernel,
        output=output or Path("traces") / time.strftime("%Y%m%d-%H%M%S"),
        initrd=initrd,
        append=append,
        machine=MachineOptions(smp, mem, cpu, icount, qemu_arguments),
        trace=trace,
        image=image,
        qemu=qemu_binary,
        pl011_link=link == "pl011",
        restart=on_reboot == "restart",
        drop=when_slow == "drop",
        force=force,
        random=not no_random,
        json=as_json,
        timeout=timeout,
        start_timeout=start_timeout,
    )  # fmt: skip
    if bare and (trace or output):
        raise UsageError("--bare makes no trace: leave out --trace and -o")
    reports: list[Report] = []
    outcome = run_bare(options) if bare else run_vellum(options, reports.append)
    if as_json:
        print_json(reports, outcome)
    else:
        print_summary(reports)
    if outcome.message:
        kind = "" if outcome.reason == INTERRUPTED else "error: "
        print(f"vellum: {kind}{outcome.message}", file=sys.stderr)
    return outcome.status
