"""What users get wrong: each ends in one line that says what, quickly, and leaves no QEMU."""

from __future__ import annotations

import gzip
import os
import re
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from guest import ROOT, VELLUM
from vellum.qemu.cpu import page_sizes

HELLO = ROOT / "build/payloads/hello.img"
HAMMER = ROOT / "build/payloads/hammer.img"
CLOUD = ROOT / "build/kernels/debian-6.1-cloud/vmlinuz"
PAGES_16K = ROOT / "build/kernels/debian-6.12-16k/vmlinuz"
ERROR, USAGE, PANIC, TIME = 1, 2, 3, 4  # exit statuses
QUICK = 15  # seconds


@dataclass
class Files:
    """Makes the files that a case needs."""

    folder: Path

    def file(self, name: str, data: bytes, mode: int = 0o644) -> str:
        path = self.folder / name
        path.write_bytes(data)
        path.chmod(mode)
        return str(path)

    def script(self, name: str, text: str) -> str:
        return self.file(name, f"#!/bin/sh\n{text}\n".encode(), 0o755)

    def sparse(self, name: str, size: int) -> str:
        path = self.file(name, b"")
        os.truncate(path, size)
        return path

    def in_folder(self, folder: str, name: str) -> str:
        """A folder with a file in it that is no part of a trace."""
        (self.folder / folder).mkdir()
        (self.folder / folder / name).write_text("mine")
        return str(self.folder / folder)


def changed(data: bytes, offset: int, value: int) -> bytes:
    return data[:offset] + bytes((value,)) + data[offset + 1 :]


def zboot(method: str, payload: bytes, size: int) -> bytes:
    """An EFI zboot image that says its payload has `size` bytes."""
    head = struct.pack("<2s2x4sII8x32s", b"MZ", b"zimg", 64, size, method.encode())
    return head.ljust(64, b"\0") + payload


def tiny_image(code: bytes) -> bytes:
    """An arm64 Image that is a branch over its header, then `code`."""
    head = struct.pack("<IIQQQ", 0x14000010, 0, 0, 4096, 0xA)
    return head.ljust(56, b"\0") + b"ARM\x64" + bytes(4) + code


HANG = tiny_image(b"\0\0\0\x14")  # b .
# What Linux prints when it panics, on QEMU's PL011, then for ever nothing.
SAY_PANIC = tiny_image(
    struct.pack("<6I", 0x52A12001, 0x100000C2, 0x38401440, 0x34000060, 0xB9000020, 0x17FFFFFD)
    + struct.pack("<I", 0x14000000)
    + b"Kernel panic - not syncing: for a test\r\n\0"
)


@dataclass(frozen=True)
class Case:
    """One mistake. `arguments` of `vellum run`; `says`: a pattern that its one line matches."""

    name: str
    status: int
    says: str
    arguments: Callable[[Files], list[str]]
    more: bool = False  # lines of the guest or of Vellum may come before


def kernel(make: Callable[[Files], str]) -> Callable[[Files], list[str]]:
    return lambda files: ["--kernel", make(files)]


def hello(*arguments: str) -> Callable[[Files], list[str]]:
    return lambda files: ["--kernel", str(HELLO), *arguments]


def hello_with(option: str, make: Callable[[Files], str]) -> Callable[[Files], list[str]]:
    return lambda files: ["--kernel", str(HELLO), option, make(files)]


def image() -> bytes:
    return CLOUD.read_bytes()


CASES = [
    # the kernel
    Case("no-kernel-option", USAGE, "Missing option '--kernel'", lambda files: []),
    Case("missing-kernel", USAGE, "kernel not found: /none", kernel(lambda f: "/none")),
    Case("folder-as-kernel", USAGE, "is a directory", kernel(lambda f: str(f.folder))),
    Case("empty-kernel", USAGE, "is empty", kernel(lambda f: f.file("k", b""))),
    Case(
        "cut-image", USAGE, "is cut short: 1048576 bytes.*again",
        kernel(lambda f: f.file("k", image()[: 1 << 20])),
    ),
    Case(
        "cut-header", USAGE, "is cut short: 60 bytes",
        kernel(lambda f: f.file("k", image()[:60])),
    ),
    Case(
        "cut-gzip", USAGE, r"\(gzip\) is cut short",
        kernel(lambda f: f.file("k", gzip.compress(image()[: 1 << 20], 1)[:-100])),
    ),
    Case(
        "damaged-gzip", USAGE, r"\(gzip\) is damaged",
        kernel(lambda f: f.file("k", changed(gzip.compress(bytes(10_000)), 20, 0xFF))),
    ),
    Case(
        "cut-zboot", USAGE, r"\(EFI zboot\) is cut short: 164 bytes",
        kernel(lambda f: f.file("k", zboot("gzip", bytes(100), 100_000))),
    ),
    Case(
        "lz4-zboot", USAGE, "compressed with lz4: give",
        kernel(lambda f: f.file("k", zboot("lz4", bytes(100), 100))),
    ),
    Case(
        "x86-kernel", USAGE, r"x86 kernel \(bzImage\)",
        kernel(lambda f: f.file("k", bytes(0x202) + b"HdrS" + bytes(1000))),
    ),
    Case(
        "arm64-elf", USAGE, "an arm64 ELF.*arch/arm64/boot/Image",
        kernel(lambda f: str(ROOT / "build/vellum.elf")),
    ),
    Case("program-of-the-host", USAGE, "an ELF file for", kernel(lambda f: sys.executable)),
    Case(
        "big-endian-kernel", USAGE, "is a big-endian kernel: use a little-endian one",
        kernel(lambda f: f.file("k", changed(image(), 24, image()[24] | 1))),
    ),
    Case(
        "pages-that-the-cpu-has-not", USAGE, "for 16K pages, but the CPU a64fx has 4K and 64K",
        lambda files: ["--kernel", str(PAGES_16K), "--cpu", "a64fx"],
    ),
    # RAM and the initrd
    Case("missing-initrd", USAGE, "initrd not found", hello("--initrd", "/none")),
    Case("folder-as-initrd", USAGE, "initrd .* is a directory", hello("--initrd", "/tmp")),
    Case(
        "initrd-beyond-the-ram", USAGE, "initrd is too large for the RAM: 200.0 MiB.*--mem",
        lambda f: ["--kernel", str(HELLO), "--mem", "128M", "--initrd", f.sparse("rd", 200 << 20)],
    ),
    Case("little-ram", ERROR, "too little RAM: 16 MiB found", hello("--mem", "16M")),
    Case(
        "ram-too-small-for-the-kernel", USAGE, "RAM is too small: .* kernel needs .*--mem",
        lambda files: ["--kernel", str(PAGES_16K), "--mem", "48M"],
    ),
    Case("no-size", USAGE, "'--mem': 'lots' is not a size", hello("--mem", "lots")),
    Case("no-ram", USAGE, "'--mem': '0' is not a size", hello("--mem", "0")),
    Case("more-ram-than-there-is", ERROR, "QEMU ended .*memory", hello("--mem", "900T")),
    Case("no-cpus", USAGE, "'--smp': 0 is not", hello("--smp", "0")),
    Case("cpus-no-number", USAGE, "'--smp': 'two' is not", hello("--smp", "two")),
    Case("too-many-cpus", ERROR, "QEMU ended .*9999", hello("--smp", "9999")),
    Case("more-cpus-than-vellum-knows", ERROR, "cannot start: more CPUs", hello("--smp", "65")),
    # what is traced
    Case(
        "unknown-device", USAGE, "no device `pl01` .did you mean .*`pl011`.*`vellum devices`",
        hello("--trace", "pl01"),
    ),
    Case(
        "ambiguous-device", USAGE, "`virtio_mmio` could be .*`virtio,mmio`",
        hello("--trace", "virtio_mmio"),
    ),
    Case(
        "overlapping-devices", USAGE, "overlap: choose one",
        hello("--trace", "pl011", "--trace", "0x9000800+0x1000"),
    ),
    Case("range-in-ram", USAGE, "is RAM, which cannot", hello("--trace", "0x40000000+0x1000")),
    Case(
        "range-in-vellum", USAGE, "is Vellum's own memory, which cannot",
        hello("--mem", "256M", "--trace", "0x4f900000+0x1000"),
    ),
    Case("empty-range", USAGE, "is empty", hello("--trace", "0x9000000+0")),
    Case("no-range", USAGE, "no device `0x9000000.zz`", hello("--trace", "0x9000000+zz")),
    Case("trace-without-vellum", USAGE, "--bare makes no trace", hello("--bare")),
    # where the trace goes
    Case("unwritable-folder", USAGE, "cannot write /proc/vellum", hello("-o", "/proc/vellum")),
    Case(
        "file-as-folder", USAGE, "cannot write .*: File exists.* -o",
        hello_with("-o", lambda f: f.file("out", b"")),
    ),
    Case(
        "folder-below-a-file", USAGE, "cannot write .*: Not a directory.* -o",
        hello_with("-o", lambda f: f.file("out", b"") + "/trace"),
    ),
    Case(
        "folder-of-something-else", USAGE, "has a file letter: a trace needs a folder of its own",
        hello_with("-o", lambda f: f.in_folder("out", "letter")),
    ),
    # QEMU
    Case(
        "no-qemu", USAGE, "QEMU not found: /none.*apt-get install",
        hello("--qemu-binary", "/none"),
    ),
    Case(
        "old-qemu", USAGE, "is QEMU 6.2.0: Vellum needs 7.2 or later",
        hello_with("--qemu-binary", lambda f: f.script("q", "echo QEMU emulator version 6.2.0")),
    ),
    Case(
        "something-else-as-qemu", USAGE, "does not say that it is QEMU",
        hello("--qemu-binary", "/bin/true"),
    ),
    Case(
        "qemu-that-dies", ERROR, "QEMU ended by itself with status 3: boom",
        hello_with(
            "--qemu-binary",
            lambda f: f.script(
                "q", "[ $1 != --version ] || exec echo QEMU emulator version 7.2.0\n"
                "echo boom >&2; exit 3",
            ),
        ),
    ),
    Case("bad-qemu-arguments", ERROR, "QEMU ended .*'nosuch'", hello("--", "-device", "nosuch")),
    Case(
        "missing-disk", ERROR, "QEMU ended .*/none.*No such file",
        hello("--", "-drive", "if=none,file=/none"),
    ),
    Case("unknown-cpu", ERROR, "QEMU ended .*CPU model 'nosuch'", hello("--cpu", "nosuch")),
    Case("cpu-without-vhe", ERROR, "has no VHE", hello("--cpu", "cortex-a57")),
    # Vellum's image
    Case("no-image", USAGE, r"not found: /none. Build it \(make\)", hello("--image", "/none")),
    Case(
        "garbage-as-image", USAGE, r"is not Vellum's image. Build that \(make\)",
        hello_with("--image", lambda f: f.file("i", os.urandom(5000))),
    ),
    Case("another-kernel-as-image", USAGE, "is not Vellum's", hello("--image", str(HELLO))),
    Case("empty-image", USAGE, "is empty", hello_with("--image", lambda f: f.file("i", b""))),
    # the guest
    Case(
        "guest-that-hangs", TIME, "printed nothing within 1 s.*console=.*--start-timeout",
        lambda f: ["--kernel", f.file("k", HANG), "--start-timeout", "1"],
        more=True,
    ),
    Case(
        "guest-that-does-not-stop", TIME, "did not stop within --timeout",
        lambda f: ["--kernel", f.file("k", HANG), "--timeout", "1"],
        more=True,
    ),
    Case(
        "guest-that-panics", PANIC, "the guest panicked: Kernel panic - not syncing: for a test",
        lambda f: ["--kernel", f.file("k", SAY_PANIC)],
        more=True,
    ),
    # the command
    Case("unknown-option", USAGE, "No such option '--nosuch'", hello("--nosuch")),
    Case("negative-time", USAGE, "'--timeout': -1", hello("--timeout", "-1")),
]  # fmt: skip


def qemus_with(mark: str) -> list[str]:
    """The command lines of running processes that have `mark` in them, but for this one's."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if mark in text and path.parent.name != str(os.getpid()):
            found.append(text)
    return found


def run_badly(arguments: list[str], wrapper: tuple[str, ...] = ()) -> tuple[int, list[str]]:
    """The exit status, and the lines of stderr."""
    mark = f"vellum-test-{uuid4().hex}"  # -name of QEMU, by which to find it
    separator = [] if "--" in arguments else ["--"]
    begin = time.monotonic()
    done = subprocess.run(
        [*wrapper, str(VELLUM), "run", *arguments, *separator, "-name", mark],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=4 * QUICK,
        cwd=ROOT,
        check=False,
    )
    assert time.monotonic() - begin < QUICK
    assert not qemus_with(mark)
    text = done.stderr.decode(errors="replace")
    assert "Traceback" not in text + done.stdout.decode(errors="replace")
    return done.returncode, text.splitlines()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_mistake_is_told_in_one_line(case: Case, tmp_path: Path) -> None:
    arguments = case.arguments(Files(tmp_path))
    if "-o" not in arguments:
        at = arguments.index("--") if "--" in arguments else len(arguments)
        arguments[at:at] = ["-o", str(tmp_path / "trace")]
    status, lines = run_badly(arguments)
    assert lines and lines[-1].startswith("vellum: error: ")
    assert re.search(case.says, lines[-1]), lines[-1]
    assert status == case.status
    assert case.more or len(lines) == 1


def test_a_full_disk_is_told_and_what_fitted_can_be_read(tmp_path: Path) -> None:
    mount = f"mount -t tmpfs -o size=2m none {tmp_path} && exec"
    wrapper = ("unshare", "--mount", "--map-root-user", "sh", "-c")
    if subprocess.run([*wrapper, f"{mount} true"], capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a small disk")
    # The disk is there for this command alone, so what reads the trace has to be in it, too.
    command = (
        f'{mount} sh -c \'"$@"; status=$?; babeltrace2 {tmp_path}/t >&2; exit $status\' sh "$@"'
    )
    status, lines = run_badly(
        [
            *("--kernel", str(HAMMER), "--append", "count=1000000", "--smp", "2"),
            *("--mem", "256M", "--trace", "pl011", "-o", str(tmp_path / "t")),
        ],
        (*wrapper, command, "sh"),
    )
    assert status == ERROR
    told = [number for number, line in enumerate(lines) if line.startswith("vellum: error: ")]
    assert told == [0] and "No space left on device" in lines[0] and "free some room" in lines[0]
    events = [line for line in lines[1:] if " vm mmio_" in line]
    assert len(lines) == 1 + len(events)  # babeltrace2 complains of nothing
    assert len(events) > 10_000


@pytest.mark.parametrize(
    "model", ["max", "cortex-a53", "cortex-a57", "cortex-a72", "cortex-a76", "neoverse-n1", "a64fx"]
)
def test_page_sizes_of_a_cpu_are_those_that_qemu_gives_it(model: str) -> None:
    qemu = f"qemu-system-aarch64 -M virt -cpu {model} -S -nodefaults -display none -gdb stdio"
    script = [f"target remote | exec {qemu}", 'printf "%lx\\n", $ID_AA64MMFR0_EL1', "kill"]
    told = subprocess.run(
        ["gdb-multiarch", "-nx", "-batch", *(f"-ex={line}" for line in script)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=QUICK, check=False,
    ).stdout  # fmt: skip
    value = int(re.findall(r"^([0-9a-f]+)$", told, re.MULTILINE)[-1], 16)
    gran4, gran64, gran16 = (value >> shift & 0xF for shift in (28, 24, 20))  # DDI 0487, TGran*
    has = {4096: gran4 != 0xF, 65536: gran64 != 0xF, 16384: gran16 != 0}
    assert page_sizes(model) == {size for size, there in has.items() if there}
