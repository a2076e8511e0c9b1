"""What the user asked for, and the files it names, read and checked."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from vellum.boot.image import Kernel, read_file, read_kernel
from vellum.errors import UsageError
from vellum.qemu.command import MachineOptions
from vellum.qemu.cpu import page_sizes

__all__ = ["GuestFiles", "RunOptions", "find_image", "read_guest"]

IMAGE_VARIABLE = "VELLUM_IMAGE"
_WORDS = b"vellum: \0"  # what every line begins with that Vellum prints on a console


@dataclass(frozen=True)
class RunOptions:
    """The options of `vellum run`. Times in seconds; 0: no limit."""

    kernel: Path
    output: Path
    initrd: Path | None = None
    append: str | None = None
    machine: MachineOptions = field(default_factory=MachineOptions)
    trace: tuple[str, ...] = ()
    image: Path | None = None
    qemu: str | None = None
    pl011_link: bool = False
    restart: bool = False  # on a reboot of the guest
    drop: bool = False  # events, when the host is slow
    force: bool = False
    random: bool = True
    json: bool = False
    timeout: float = 0.0
    start_timeout: float = 30.0


@dataclass(frozen=True)
class GuestFiles:
    """Kernel and initrd, in memory."""

    kernel: Kernel
    initrd: bytes


def read_guest(options: RunOptions) -> GuestFiles:
    """Reads the guest's files. UsageError: one is missing, or nothing that the machine can run."""
    cpu = options.machine.cpu
    kernel = read_kernel(options.kernel, page_sizes(cpu), cpu.split(",")[0])
    return GuestFiles(kernel, read_file(options.initrd, "initrd") if options.initrd else b"")


def find_image(given: Path | None) -> Path:
    """Vellum's own image: `given`, else $VELLUM_IMAGE, else the tree's. UsageError: it is none."""
    tree = Path(__file__).resolve().parents[3] / "build" / "vellum.img"
    path = given or Path(os.environ.get(IMAGE_VARIABLE) or tree)
    if not path.is_file():
        raise UsageError(
            f"Vellum's image not found: {path}. Build it (make), or name it by --image"
        )
    if _WORDS not in read_file(path, "Vellum's image"):
        raise UsageError(f"{path} is not Vellum's image. Build that (make), or name it by --image")
    return path
