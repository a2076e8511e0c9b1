"""The arm64 Image: its header, and what a file is that has none.

Linux, Documentation/arch/arm64/booting.rst, section 4, "Call the kernel image".
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from struct import Struct, unpack_from

from vellum.boot.foreign import describe
from vellum.boot.unpack import unpack
from vellum.errors import UsageError

__all__ = ["Kernel", "parse_image", "read_kernel"]

_HEADER = Struct("<IIQQQQQQ4sI")
_MAGIC = b"ARM\x64"
_PAGE_SIZES = {0: None, 1: 4096, 2: 16384, 3: 65536}
_OLD_IMAGE_ROOM = 16 << 20  # what an Image without image_size (before Linux 3.17) may use


@dataclass(frozen=True)
class Kernel:
    """An arm64 Image, unpacked and checked."""

    data: bytes
    text_offset: int  # of the image from a 2 MiB boundary, bytes
    memory_size: int  # from the image's start, its zeroed part included, bytes
    page_size: int | None  # the kernel's own translation granule, bytes; None: it does not say


def read_kernel(path: Path, page_sizes: frozenset[int], cpu: str) -> Kernel:
    """Reads a kernel, compressed or not. UsageError: nothing that `cpu` could start.

    `page_sizes`: those that `cpu` translates with, bytes.
    """
    kernel = parse_image(unpack(read_file(path, "kernel"), str(path)), str(path))
    if kernel.page_size and kernel.page_size not in page_sizes:
        can = " and ".join(f"{size >> 10}K" for size in sorted(page_sizes))
        raise UsageError(
            f"{path} is built for {kernel.page_size >> 10}K pages, but the CPU {cpu} has {can}: "
            "use another kernel, or another --cpu"
        )
    return kernel


def read_file(path: Path, what: str) -> bytes:
    """A file's bytes. UsageError: missing, not a file, not readable, empty."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise UsageError(f"{what} not found: {path}") from None
    except IsADirectoryError:
        raise UsageError(f"{what} {path} is a directory, not a file") from None
    except OSError as error:
        raise UsageError(f"{what} {path} cannot be read: {error.strerror}") from None
    if not data:
        raise UsageError(f"{what} {path} is empty")
    return data


def parse_image(data: bytes, name: str) -> Kernel:
    """Checks an unpacked Image. `name` is for errors; UsageError says what it is instead."""
    if data[56:60] != _MAGIC:
        raise UsageError(f"{name} is not an arm64 kernel Image: it is {describe(data)}")
    if len(data) < _HEADER.size:
        raise UsageError(f"{name} is cut short: {len(data)} bytes. Fetch or build it again")
    _, _, text_offset, image_size, flags, *_ = _HEADER.unpack_from(data)
    if flags & 1:
        raise UsageError(f"{name} is a big-endian kernel: use a little-endian one")
    _check_whole(data, name)
    if image_size == 0:
        text_offset, image_size = 0x80000, len(data) + _OLD_IMAGE_ROOM
    return Kernel(data, text_offset, max(image_size, len(data)), _PAGE_SIZES[flags >> 1 & 3])


def _check_whole(data: bytes, name: str) -> None:
    """The header's image_size counts memory, not the file; the EFI stub's sections do that."""
    pe = unpack_from("<I", data, 60)[0]
    if data[:2] != b"MZ" or data[pe : pe + 4] != b"PE\0\0" or len(data) < pe + 24:
        return
    section_count, optional_size = unpack_from("<H12xH", data, pe + 6)
    table = pe + 24 + optional_size
    for position in range(table, table + 40 * section_count, 40):
        if len(data) < position + 40:
            raise UsageError(f"{name} is cut short in its headers. Fetch or build it again")
        size, start = unpack_from("<II", data, position + 16)
        if start + size > len(data):
            raise UsageError(
                f"{name} is cut short: {len(data)} bytes, its header asks for {start + size}. "
                "Fetch or build it again"
            )
