"""Taking a kernel out of what it is compressed in: gzip, zstd, xz, lzma, an EFI zboot image."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from struct import Struct

import zstandard

from vellum.errors import UsageError

__all__ = ["unpack"]

LIMIT = 1 << 30  # no kernel is larger; a compression bomb is


def unpack(data: bytes, name: str) -> bytes:
    """The kernel inside of `data`, or `data` itself when it is in no wrapping known here.

    `name` is for errors. UsageError: the wrapping is damaged, cut short, or not supported.
    """
    if _is_zboot(data):
        return _unpack_zboot(data, name)
    for magic, method in _MAGICS.items():
        if data.startswith(magic):
            return _decompress(method, data, f"{name} ({method})")
    return data


def _gzip(data: bytes) -> tuple[bytes, bool]:
    decoder = zlib.decompressobj(wbits=31)
    return decoder.decompress(data, LIMIT), decoder.eof


def _zstd(data: bytes) -> tuple[bytes, bool]:
    decoder = zstandard.ZstdDecompressor(max_window_size=1 << 31).decompressobj()
    return decoder.decompress(data), decoder.eof


def _lzma(data: bytes) -> tuple[bytes, bool]:
    decoder = lzma.LZMADecompressor()
    return decoder.decompress(data, LIMIT), decoder.eof


def _bzip2(data: bytes) -> tuple[bytes, bool]:
    decoder = bz2.BZ2Decompressor()
    return decoder.decompress(data, LIMIT), decoder.eof


_METHODS: dict[str, Callable[[bytes], tuple[bytes, bool]]] = {
    "gzip": _gzip,
    "zstd": _zstd,
    "zstd22": _zstd,  # what zboot images call it from Linux 6.1 to 6.13
    "xz": _lzma,
    "xzkern": _lzma,
    "lzma": _lzma,
    "bzip2": _bzip2,
}
_MAGICS = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\xfd7zXZ\0": "xz",
    b"BZh": "bzip2",
}


def _decompress(method: str, data: bytes, what: str) -> bytes:
    """All of the first stream in `data`; what follows it is not looked at."""
    decode = _METHODS.get(method)
    if decode is None:
        known = ", ".join(_METHODS)
        raise UsageError(f"{what} is compressed with {method}: give an Image, or one of {known}")
    try:
        result, whole = decode(data)
    except (zlib.error, zstandard.ZstdError, lzma.LZMAError, OSError) as error:
        raise UsageError(f"{what} is damaged: {error}. Fetch or build it again") from None
    if len(result) >= LIMIT:
        raise UsageError(f"{what} unpacks to more than {LIMIT >> 20} MiB: that is no kernel")
    if not whole:
        raise UsageError(f"{what} is cut short. Fetch or build it again")
    return result


@dataclass(frozen=True)
class _Zboot:
    """The head of an EFI zboot image: Linux, drivers/firmware/efi/libstub/zboot-header.S."""

    LAYOUT = Struct("<2s2x4sII8x32s")

    offset: int  # of the compressed Image, bytes
    size: int
    method: str


def _is_zboot(data: bytes) -> bool:
    return data[:2] == b"MZ" and data[4:8] == b"zimg"


def _unpack_zboot(data: bytes, name: str) -> bytes:
    if len(data) < _Zboot.LAYOUT.size:
        raise UsageError(f"{name} (EFI zboot) is cut short. Fetch or build it again")
    _, _, offset, size, method = _Zboot.LAYOUT.unpack_from(data)
    head = _Zboot(offset, size, method.split(b"\0")[0].decode("ascii", "replace"))
    if head.offset + head.size > len(data):
        raise UsageError(
            f"{name} (EFI zboot) is cut short: {len(data)} bytes, its header asks for "
            f"{head.offset + head.size}. Fetch or build it again"
        )
    payload = data[head.offset : head.offset + head.size]
    return _decompress(head.method, payload, f"{name} (EFI zboot)")
