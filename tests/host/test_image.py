"""Reading kernels: what is accepted, and what each wrong file is told."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import struct
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_kernel import arm64_image, efi_image, zboot
from vellum.boot.image import parse_image, read_file, read_kernel
from vellum.boot.unpack import unpack
from vellum.errors import UsageError
from vellum.qemu.cpu import page_sizes

ALL = frozenset({4096, 16384, 65536})
IMAGE = arm64_image()


def refuse(data: bytes, why: str) -> None:
    with pytest.raises(UsageError, match=re.escape(why)) as caught:
        parse_image(unpack(data, "K"), "K")
    assert "\n" not in str(caught.value)


def test_an_image_says_where_it_wants_to_be() -> None:
    kernel = parse_image(arm64_image(4096, image_size=1 << 20, text_offset=0x80000), "K")
    assert (kernel.text_offset, kernel.memory_size, kernel.page_size) == (0x80000, 1 << 20, 4096)


def test_an_image_from_before_image_size_gets_room_behind_it() -> None:
    kernel = parse_image(arm64_image(4096, image_size=0, text_offset=0), "K")
    assert kernel.text_offset == 0x80000 and kernel.memory_size > 1 << 20


@pytest.mark.parametrize(
    "wrapped",
    [
        gzip.compress(IMAGE, mtime=0),
        zstandard.compress(IMAGE),
        lzma.compress(IMAGE),
        bz2.compress(IMAGE),
        zboot(gzip.compress(IMAGE, mtime=0), b"gzip"),
        zboot(zstandard.compress(IMAGE), b"zstd"),
        zboot(lzma.compress(IMAGE), b"xzkern"),
        zboot(lzma.compress(IMAGE, format=lzma.FORMAT_ALONE), b"lzma"),
        zboot(gzip.compress(IMAGE, mtime=0), b"gzip") + b"signature behind it",
    ],
)
def test_a_wrapped_image_is_unpacked(wrapped: bytes) -> None:
    assert parse_image(unpack(wrapped, "K"), "K").data == IMAGE


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress, lzma.compress, bz2.compress])
def test_a_cut_wrapping_is_told(pack: object) -> None:
    assert callable(pack)
    data = pack(arm64_image(100_000))
    refuse(data[: len(data) - 6], "is cut short. Fetch or build it again")


def test_a_damaged_wrapping_is_told() -> None:
    data = bytearray(gzip.compress(IMAGE, mtime=0))
    data[12:20] = b"\xff" * 8
    refuse(bytes(data), "is damaged")


def test_a_zboot_payload_beyond_the_end_is_told() -> None:
    refuse(zboot(gzip.compress(IMAGE, mtime=0), b"gzip", claim=1 << 20), "its header asks for")
    refuse(b"MZ\0\0zimg", "(EFI zboot) is cut short")


def test_a_zboot_of_an_unknown_kind_is_named() -> None:
    refuse(zboot(IMAGE, b"lzo"), "is compressed with lzo")


def test_an_image_cut_within_its_sections_is_told() -> None:
    whole = efi_image(4096, sections=((512, 1024), (2048, 2048)))
    assert parse_image(whole, "K").memory_size == 4096
    refuse(whole[:3000], "is cut short: 3000 bytes, its header asks for 4096")
    refuse(whole[:110], "is cut short in its headers")
    refuse(IMAGE[:61], "is cut short")


def test_a_big_endian_kernel_is_refused() -> None:
    refuse(arm64_image(flags=0b0011), "is a big-endian kernel")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\x7fELF\x02\x01".ljust(18, b"\0") + struct.pack("<H", 62), "an ELF file for x86-64"),
        (b"\x7fELF\x02\x01".ljust(18, b"\0") + struct.pack("<H", 183), "vmlinux"),
        (b"\x7fELF\x02\x01".ljust(18, b"\0") + struct.pack("<H", 999), "machine 999"),
        (bytes(0x202) + b"HdrS" + bytes(99), "an x86 kernel (bzImage)"),
        (bytes(0x24) + b"\x18\x28\x6f\x01" + bytes(99), "a 32-bit Arm kernel"),
        (bytes(0x30) + b"RISCV\0\0\0RSC\x05", "a RISC-V kernel"),
        (b"\x27\x05\x19\x56", "a U-Boot uImage"),
        (b"\xd0\x0d\xfe\xed", "a device tree"),
        (b"\x02\x21\x4c\x18", "lz4 data"),
        (b"MZ".ljust(60, b"\0") + struct.pack("<I4sH", 64, b"PE\0\0", 0x8664), "for x86-64"),
        (b"MZ".ljust(64, b"\0"), "a DOS program"),
        (b"hello", "unknown data of 5 bytes"),
    ],
)
def test_what_is_no_arm64_image_is_named(data: bytes, what: str) -> None:
    refuse(data, what)


@pytest.mark.parametrize(("flags", "size"), [(0b010, 4), (0b100, 16), (0b110, 64)])
def test_a_page_size_that_the_cpu_lacks_is_refused(tmp_path: Path, flags: int, size: int) -> None:
    path = tmp_path / "Image"
    path.write_bytes(arm64_image(flags=flags))
    assert read_kernel(path, ALL, "max").page_size == size << 10
    with pytest.raises(UsageError, match=f"built for {size}K pages, but the CPU a64fx"):
        read_kernel(path, ALL - {size << 10}, "a64fx")


def test_cpu_models_know_their_page_sizes() -> None:
    assert page_sizes("max,pauth-impdef=on") == ALL
    assert page_sizes("a64fx") == {4096, 65536}


def test_wrong_paths_are_told(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    for path, why in (
        (tmp_path / "none", "not found"),
        (tmp_path, "is a directory"),
        (empty, "is empty"),
        (Path("/proc/self/mem"), "cannot be read"),
    ):
        with pytest.raises(UsageError, match=why):
            read_file(path, "initrd")


@given(st.binary(max_size=600))
@settings(max_examples=300, deadline=None)
def test_no_bytes_make_a_traceback(data: bytes) -> None:
    for candidate in (
        data,
        b"MZ" + data,
        b"MZ\0\0zimg" + data,
        b"\x7fELF" + data,
        b"\x1f\x8b" + data,
    ):
        with pytest.raises(UsageError):
            parse_image(unpack(candidate, "K"), "K")


@given(st.binary(max_size=200), st.integers(0, 4000))
@settings(max_examples=200, deadline=None)
def test_no_patch_of_an_efi_image_makes_a_traceback(patch: bytes, where: int) -> None:
    image = bytearray(efi_image(4096, sections=((512, 1024),)))
    image[where : where + len(patch)] = patch
    try:
        parse_image(bytes(image), "K")
    except UsageError as error:
        assert "\n" not in str(error)
