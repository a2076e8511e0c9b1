"""QEMU's command line: the machine that Vellum, or the bare guest, runs on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["MachineOptions", "bare_command", "vellum_command"]


@dataclass(frozen=True)
class MachineOptions:
    """What machine the user asks for."""

    smp: int = 1
    memory: int = 1 << 30  # bytes
    cpu: str = "max,pauth-impdef=on"
    icount: bool = False  # 1 ns of guest time is one instruction, for counting
    extra: tuple[str, ...] = ()  # more arguments for QEMU: the guest's own devices


def vellum_command(
    qemu: str, machine: MachineOptions, image: Path, console_fd: int | None, link_fd: int
) -> list[str]:
    """Vellum at EL2. Without `console_fd` the link runs over the PL011 and carries the console."""
    command = _machine(qemu, machine, virtualization=True)
    command += ["-kernel", str(image.absolute())]
    if console_fd is None:
        command += _serial(link_fd)
    else:
        command += _serial(console_fd)
        # The port's name tells Vellum the link from a guest's console. Bus 31 is the last, so that
        # the guest's devices have the numbers they would have without the link.
        command += ["-device", "virtio-serial-device,max_ports=2,bus=virtio-mmio-bus.31"]
        command += ["-chardev", f"socket,id=vellum-link,fd={link_fd}"]
        command += ["-device", "virtserialport,chardev=vellum-link,nr=1,name=vellum"]
    return [*command, *machine.extra]


def bare_command(
    qemu: str,
    machine: MachineOptions,
    kernel: Path,
    console_fd: int,
    *,
    initrd: Path | None,
    append: str | None,
    restart: bool,
    random: bool,
) -> list[str]:
    """The guest alone, started by QEMU. `restart`: a reboot of it starts it again."""
    command = _machine(qemu, machine, virtualization=False)
    if not random:
        command += ["-M", "dtb-randomness=off"]
    command += ["-kernel", str(kernel.absolute())]
    if initrd:
        command += ["-initrd", str(initrd.absolute())]
    if append:
        command += ["-append", append]
    if not restart:
        command.append("-no-reboot")
    return [*command, *_serial(console_fd), *machine.extra]


def _machine(qemu: str, machine: MachineOptions, *, virtualization: bool) -> list[str]:
    el2 = "on" if virtualization else "off"
    command = [qemu, "-M", f"virt,virtualization={el2},gic-version=3"]
    command += ["-cpu", machine.cpu, "-smp", str(machine.smp), "-m", f"{machine.memory}B"]
    command += ["-nodefaults", "-no-user-config", "-display", "none", "-monitor", "none"]
    if machine.icount:
        command += ["-icount", "shift=0,sleep=off"]
    return command


def _serial(fd: int) -> list[str]:
    return ["-chardev", f"socket,id=vellum-serial,fd={fd}", "-serial", "chardev:vellum-serial"]
