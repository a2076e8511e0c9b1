"""A QEMU whose machine is a FakeTarget; $FAKE_GUEST names what its guest does."""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
import time
from pathlib import Path

from fake_target import PL011, FakeTarget
from vellum.link.messages import StopReason
from vellum.link.transport import SocketTransport


class Machine:
    """What QEMU would be: the sockets, the guest's behaviour, the end."""

    def __init__(self, arguments: list[str]) -> None:
        fds = {
            name: int(fd)
            for name, fd in re.findall(r"id=vellum-(\w+),fd=(\d+)", " ".join(arguments))
        }
        self.behaviour = os.environ["FAKE_GUEST"]
        self.serial = socket.socket(fileno=fds["serial"])
        self.boots = 0
        if "link" not in fds:  # bare, or the link over the PL011
            self.target = None
            return
        self.target = FakeTarget(
            SocketTransport(socket.socket(fileno=fds["link"])),
            fdt=Path(os.environ["FAKE_FDT"]).read_bytes(),
            guest=lambda target: getattr(self, f"guest_{self.behaviour}")(),
            on_end=self.end,
        )
        self.target.silent = self.behaviour == "mute"

    def run(self) -> None:
        if self.behaviour == "dies":
            sys.exit("qemu-system-aarch64: something is wrong with it")
        if self.behaviour == "cannot":
            self.print("vellum: early line\r\nvellum: cannot start: no VHE\r\n")
        elif self.target is None:
            getattr(self, f"guest_{self.behaviour}")()
            sys.exit(0)
        elif self.behaviour != "mute":
            self.target.start()
        else:
            self.target.link.start()
        while True:
            signal.pause()

    def print(self, text: str) -> None:
        self.serial.sendall(text.encode())

    def end(self, how: str) -> None:
        if how == "off":
            os._exit(0)
        assert self.target
        self.target.link.expect_restart()
        self.target.link.restart()
        self.target.start_again()

    def guest_off(self) -> None:
        self.print("Hello from the guest\r\n")
        if self.target:
            self.target.log("one line of Vellum's")
            for _ in range(3):
                self.target.trace(10, PL011)
            self.target.stop(StopReason.SYSTEM_OFF)

    def guest_reboots_once(self) -> None:
        assert self.target
        self.boots += 1
        self.print(f"boot {self.boots}\r\n")
        self.target.trace(self.boots)
        once = self.boots == 1
        self.target.stop(StopReason.SYSTEM_RESET if once else StopReason.SYSTEM_OFF)

    def guest_panics(self) -> None:
        self.print("[    1.5] Kernel panic - not syncing: no init\r\n")

    def guest_panics_and_resets(self) -> None:
        assert self.target
        self.guest_panics()
        self.target.stop(StopReason.SYSTEM_RESET)

    def guest_hangs(self) -> None:
        """Silence."""

    def guest_talks(self) -> None:
        while True:
            self.print("tick\r\n")
            if self.target:
                self.target.trace(5)
            time.sleep(0.01)

    def guest_crashes_qemu(self) -> None:
        self.print("last words of the guest\r\n")
        print("qemu-system-aarch64: hw/fake.c: assertion failed", file=sys.stderr, flush=True)
        os._exit(134)

    def guest_breaks_vellum(self) -> None:
        self.print("half a livellum: panic: at EL2\r\nvellum:   cpu mpidr 0, esr_el2 0\r\n")

    def guest_says_panic(self) -> None:
        self.print("vellum: panic: ok\r\n")
        self.guest_off()

    def guest_loses_events(self) -> None:
        assert self.target
        self.print("x\r\n")
        self.target.trace(2)
        self.target.sequence += 2
        self.target.discarded = 7
        self.target.trace(2)
        self.target.stop(StopReason.SYSTEM_OFF)

    def guest_breaks_the_link(self) -> None:
        assert self.target
        self.print("x\r\n")
        self.target.transport.send([b"VLMF" + bytes(40)])
        self.target.trace(4)
        self.target.stop(StopReason.SYSTEM_OFF)


def main() -> None:
    if "--version" in sys.argv:
        print(os.environ.get("FAKE_VERSION", "QEMU emulator version 7.2.0 (fake)"))
        return
    Machine(sys.argv).run()
