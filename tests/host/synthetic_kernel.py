"""Kernels made up for tests: headers that are right, or wrong in one way."""

from __future__ import annotations

import struct


def arm64_image(
    size: int = 4096,
    *,
    image_size: int | None = None,
    text_offset: int = 0,
    flags: int = 0b0010,  # little-endian, 4K pages
) -> bytes:
    """An Image whose first instruction branches to itself."""
    memory = size if image_size is None else image_size
    head = struct.pack(
        "<IIQQQQQQ4sI", 0x14000000, 0, text_offset, memory, flags, 0, 0, 0, b"ARM\x64", 0
    )
    return head + bytes(size - len(head))


def efi_image(size: int = 4096, *, sections: tuple[tuple[int, int], ...] = ()) -> bytes:
    """An Image that is a PE file too; `sections`: (file offset, size on file)."""
    image = bytearray(arm64_image(size))
    image[:2] = b"MZ"
    struct.pack_into("<I", image, 60, 64)
    image[64:68] = b"PE\0\0"
    struct.pack_into("<HH12xHH", image, 68, 0xAA64, len(sections), 16, 0)
    for number, (start, length) in enumerate(sections):
        struct.pack_into("<II", image, 88 + 16 + 40 * number + 16, length, start)
    return bytes(image)


def zboot(payload: bytes, method: bytes, *, claim: int | None = None) -> bytes:
    """An EFI zboot file around a compressed payload."""
    offset = 0x100
    size = len(payload) if claim is None else claim
    head = struct.pack("<2s2x4sII8x32s", b"MZ", b"zimg", offset, size, method)
    return head.ljust(offset, b"\0") + payload
