"""A stock kernel in each wrapping that kernels come in boots as the plain Image does.

Debian's arm64 kernels are plain Images up to 7.3 at least (CONFIG_EFI_ZBOOT is not set), so the
zboot files are made here, as Linux's drivers/firmware/efi/libstub/zboot-header.S and
Makefile.zboot make theirs: header, stub, compressed Image padded to its size in memory.
"""

from __future__ import annotations

import gzip
import json
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from guest import ROOT, VELLUM, linux, run

KERNEL = "debian-6.1-cloud"
STUB = bytes(4096)  # EFI code that a boot loader without EFI does not run


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=1).compress(data)


def zboot(image: bytes, name: str, compress: Callable[[bytes], bytes]) -> bytes:
    """An EFI zboot image. Of anything but gzip, the size of what is inside follows the payload."""
    memory_size = struct.unpack_from("<Q", image, 16)[0]
    payload = compress(image.ljust(memory_size, b"\0"))
    tail = b"" if name == "gzip" else struct.pack("<I", memory_size)
    head = struct.pack(
        "<2s2x4sII8x32s", b"MZ", b"zimg", 64 + len(STUB), len(payload), name.encode()
    )
    head = head.ljust(0x38, b"\0") + struct.pack("<II", 0x818223CD, 64)  # LINUX_PE_MAGIC, PE header
    return head + STUB + payload + tail


def boots(path: Path, folder: Path) -> None:
    """It does, on two CPUs, to user space."""
    options = linux(KERNEL, "uname,cpus,off")
    options[options.index("--kernel") + 1] = str(path)
    done = run([*options, "--smp", "2", "--trace", "pl011"], folder / "trace")
    assert done.status == 0, done.console
    assert done.said("uname").startswith("Linux 6.1.")
    assert done.said("cpus") == "2"
    assert done.boot["discarded"] == done.boot["missing"] == 0
    assert len(done.events()) == done.boot["events"] > 10_000
    # Its own symbols name the driver's functions, although it moved itself (KASLR).
    assert json.loads((folder / "trace/vellum/run.json").read_text())["kaslr_slide"]
    shown = subprocess.run(
        [VELLUM, "trace", "show", folder / "trace"], capture_output=True, text=True, check=True
    ).stdout
    assert shown.count(" pl011_") > 10_000


@pytest.mark.parametrize(
    ("name", "compress"),
    [
        ("gzip", lambda data: gzip.compress(data, 1)),
        ("zstd22", zstd),  # as Linux 6.1 to 6.13 say it; later ones: zstd
    ],
    ids=["gzip", "zstd"],
)
def test_efi_zboot(name: str, compress: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = tmp_path / "vmlinuz.efi"
    path.write_bytes(zboot((ROOT / f"build/kernels/{KERNEL}/vmlinuz").read_bytes(), name, compress))
    boots(path, tmp_path)


def test_gzip_image(tmp_path: Path) -> None:
    path = tmp_path / "Image.gz"
    path.write_bytes(gzip.compress((ROOT / f"build/kernels/{KERNEL}/vmlinuz").read_bytes(), 1))
    boots(path, tmp_path)
