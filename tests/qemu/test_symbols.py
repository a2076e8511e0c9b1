"""Symbols read out of a stock kernel's Image against the kernel's own list of itself."""

from __future__ import annotations

import base64
import gzip
import subprocess
from pathlib import Path

import pytest
from guest import KERNELS, ROOT, run
from vellum.boot.image import parse_image
from vellum.symbols import SymbolTable, read_symbols

BEGIN, END = "begin-kallsyms", "end-kallsyms"
DUMP = f"""#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
echo 0 > /proc/sys/kernel/kptr_restrict
echo 1 > /proc/sys/kernel/printk
echo {BEGIN}
/bin/busybox gzip -c /proc/kallsyms | /bin/busybox base64
echo {END}
/bin/busybox poweroff -f
"""


def initramfs(name: str, directory: Path) -> Path:
    """The tests' initramfs with one file more: a kernel unpacks archives one after another."""
    (directory / "dump").write_text(DUMP)
    (directory / "dump").chmod(0o755)
    more = subprocess.run(
        ["cpio", "-o", "-H", "newc", "--quiet"],
        input=b"dump\n",
        cwd=directory,
        capture_output=True,
        check=True,
    ).stdout
    path = directory / "rd.gz"
    original = ROOT / f"build/initramfs/{name}.cpio.gz"
    path.write_bytes(original.read_bytes() + gzip.compress(more))
    return path


def listed(name: str, directory: Path, append: str) -> list[tuple[int, str, str]]:
    """/proc/kallsyms of the kernel, booted without Vellum; modules' symbols left out."""
    options = [
        *("--kernel", str(ROOT / f"build/kernels/{name}/vmlinuz")),
        *("--initrd", str(initramfs(name, directory))),
        *("--append", f"console=ttyAMA0 loglevel=3 rdinit=/dump {append}"),
    ]
    done = run(options, None)
    assert END in done.console, done.console[-2000:]
    packed = done.console.partition(BEGIN)[2].partition(END)[0]
    text = gzip.decompress(base64.b64decode("".join(packed.split()))).decode()
    rows = [line.split() for line in text.splitlines()]
    return [(int(row[0], 16), row[1], row[2]) for row in rows if len(row) == 3]


def symbols(name: str) -> SymbolTable:
    path = ROOT / f"build/kernels/{name}/vmlinuz"
    return read_symbols(parse_image(path.read_bytes(), name).data)


@pytest.mark.parametrize("name", KERNELS)
def test_every_symbol_is_what_the_kernel_says_of_itself(name: str, tmp_path: Path) -> None:
    assert [tuple(one) for one in symbols(name)] == listed(name, tmp_path, "nokaslr")


@pytest.mark.parametrize("name", KERNELS)
def test_one_slide_moves_every_symbol_of_a_kernel_that_moved_itself(
    name: str, tmp_path: Path
) -> None:
    told = listed(name, tmp_path, "")
    found = symbols(name)
    vectors = next(address for address, _, name in told if name == "vectors")
    slide = found.slide_from_vbar(vectors)
    assert slide  # KASLR: the machine's tree has a seed
    assert [tuple(one) for one in found.with_slide(slide)] == told
