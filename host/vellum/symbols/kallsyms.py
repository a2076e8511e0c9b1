"""Reads the symbols of an arm64 Linux Image from its kallsyms tables: no debug information needed.

The build writes these tables into the kernel's read-only data, each aligned to 8 bytes:

    num_syms     u32
    names        for each symbol, in order of address: length (ULEB128, one byte before 6.1), then
                 that many token numbers, one byte each; expanded, the first character is the type
    markers      u32: offset into `names` of every 256th symbol
    token_table  256 strings, each ended by a NUL
    token_index  u16[256]: where each string begins in token_table
    offsets      u32 for each symbol: its address - relative_base
    relative_base u64

Up to 6.3 `offsets` and `relative_base` come before num_syms, and some (6.2; Debian's 6.1) have one
more table between markers and token_table; from 6.4 on the order is as above. Nothing says where
the tables are, so they are looked for, and each must fit the others: token_index must agree with
the strings of token_table, each marker with the symbols counted in names; offsets begin with 0 and
never decrease.

Every character that occurs in a name is its own token, so the ten digits stand in a row in
token_table; that is where the search begins.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from operator import gt

from vellum.errors import UsageError
from vellum.symbols.table import SymbolTable

ALIGN = 8
TOKENS = 256
SYMBOLS_PER_MARKER = 256
DIGITS = b"".join(bytes((digit, 0)) for digit in b"0123456789")
MAX_NAME = 512  # KSYM_NAME_LEN
MAX_NAMES_SIZE = 1 << 25  # of names and markers together; 2 MB in a distribution's kernel
MOST_RUNS = 32  # of words that look like markers; the real one is the longest in a real kernel
R_AARCH64_RELATIVE = 0x403
IMAGE_HEADER = struct.Struct("<QQQ")  # code, text_offset, image_size (Documentation/arch/arm64)
IMAGE_ALIGN = 1 << 21  # of the Image's link address - text_offset
SEGMENT_ALIGN = 1 << 16  # of the kernel's first symbol, _text or _stext
RELA = struct.Struct("<QQQ")  # r_offset, r_info, r_addend
U32 = struct.Struct("<I")
U64 = struct.Struct("<Q")
KERNEL_HALF = 0xFFFF << 48  # set in every kernel address


@dataclass(frozen=True, slots=True)
class _Tokens:
    """token_table and token_index: where they are, and the strings."""

    start: int
    end: int
    strings: list[bytes]


@dataclass(frozen=True, slots=True)
class _Names:
    """num_syms and names: where num_syms is, and the names, each behind its type character."""

    start: int
    names: list[str]


def read_symbols(image: bytes) -> SymbolTable:
    """Symbols of a decompressed arm64 Image, at their link addresses.

    Raises UsageError when the Image has no kallsyms tables that fit together.
    """
    for tokens in _find_tokens(image):
        for names in _find_names(image, tokens):
            found = _find_addresses(image, tokens, names)
            if found is not None:
                types = "".join(name[0] for name in names.names)
                return SymbolTable(found, types, [name[1:] for name in names.names])
    raise UsageError("the kernel has no symbol tables (CONFIG_KALLSYMS): addresses stay numbers")


def _find_tokens(image: bytes) -> Iterator[_Tokens]:
    at = image.find(DIGITS)
    while at >= 0:
        tokens = _tokens_around(image, at)
        if tokens is not None:
            yield tokens
        at = image.find(DIGITS, at + 1)


def _tokens_around(image: bytes, zero: int) -> _Tokens | None:
    """The tables whose token for the character 0 is at `zero`."""
    end = zero
    for _ in range(TOKENS - ord("0")):
        end = image.find(b"\0", end, end + MAX_NAME) + 1
        if end == 0:
            return None
    index_at = _aligned(end)
    if index_at + 2 * TOKENS > len(image):
        return None
    index = struct.unpack_from(f"<{TOKENS}H", image, index_at)
    start = zero - index[ord("0")]
    strings = image[max(start, 0) : end - 1].split(b"\0")
    if start < 0 or list(index) != _starts(strings):
        return None
    return _Tokens(start, index_at + 2 * TOKENS, strings)


def _aligned(offset: int) -> int:
    """Where a table begins that follows one which ends at `offset`."""
    return -(-offset // ALIGN) * ALIGN


def _starts(strings: list[bytes]) -> list[int]:
    """Where each string begins when they are stored one after another, a NUL behind each."""
    starts, at = [], 0
    for string in strings:
        starts.append(at)
        at += len(string) + 1
    return starts


def _find_names(image: bytes, tokens: _Tokens) -> Iterator[_Names]:
    """Tables of names before `tokens`, found by their markers: 0, then steps of 256 names."""
    start = max(0, tokens.start - MAX_NAMES_SIZE) & ~3
    words = array("I", image[start : tokens.start & ~3])
    if sys.byteorder == "big":
        words.byteswap()
    runs = sorted(_marker_runs(words), key=lambda run: run[0] - run[1])
    for first, end in runs[:MOST_RUNS]:
        yield from _names_before(image, tokens, start + 4 * first, words[first:end])


def _marker_runs(words: array[int]) -> Iterator[tuple[int, int]]:
    """First and end of everything in `words` that could be the table of markers."""
    at = -1
    with suppress(ValueError):  # no more zeros
        while True:
            at = words.index(0, at + 1)
            end = at + 1
            while end < len(words) and _is_step(words[end] - words[end - 1]):
                end += 1
            if end - at > 1:
                yield at, end


def _is_step(step: int) -> bool:
    """Whether 256 names can take `step` bytes: each has a length and at least one token."""
    return 2 * SYMBOLS_PER_MARKER <= step <= SYMBOLS_PER_MARKER * MAX_NAME


def _names_before(
    image: bytes, tokens: _Tokens, markers_at: int, markers: array[int]
) -> Iterator[_Names]:
    """num_syms and names that end where the markers begin, and that the markers fit."""
    most = SYMBOLS_PER_MARKER * len(markers)
    latest = (markers_at - markers[-1]) // ALIGN * ALIGN - ALIGN
    for count_at in range(latest, max(0, latest - SYMBOLS_PER_MARKER * MAX_NAME), -ALIGN):
        (count,) = U32.unpack_from(image, count_at)
        if most - SYMBOLS_PER_MARKER < count <= most:
            data = image[count_at + ALIGN : markers_at]
            names = _parse_names(data, count, markers, tokens.strings)
            if names is not None:
                yield _Names(count_at, names)


def _parse_names(
    data: bytes, count: int, markers: array[int], tokens: list[bytes]
) -> list[str] | None:
    """The `count` names that fill `data` up to its alignment; None when the markers disagree."""
    names, at = [], 0
    try:
        for number in range(count):
            if number % SYMBOLS_PER_MARKER == 0 and markers[number // SYMBOLS_PER_MARKER] != at:
                return None
            length = data[at]
            at += 1
            if length & 0x80:
                length = length & 0x7F | data[at] << 7
                at += 1
            name = b"".join([tokens[token] for token in data[at : at + length]])
            if not 2 <= len(name) <= MAX_NAME:
                return None
            names.append(name.decode())
            at += length
    except (IndexError, UnicodeDecodeError):
        return None
    return names if len(data) == _aligned(at) else None


def _find_addresses(image: bytes, tokens: _Tokens, names: _Names) -> array[int] | None:
    """Link addresses of the symbols, from `offsets` and `relative_base` at either place."""
    size = 4 * len(names.names)
    for offsets_at in (names.start - U64.size - _aligned(size), _aligned(tokens.end)):
        base_at = offsets_at + _aligned(size)
        if offsets_at < 0 or base_at + U64.size > len(image):
            continue
        offsets = struct.unpack_from(f"<{len(names.names)}I", image, offsets_at)
        if offsets[0] or any(map(gt, offsets, islice(offsets, 1, None))):
            continue
        base = _relative_base(image, base_at, offsets[-1])
        if base is not None:
            return array("Q", [base + offset for offset in offsets])
    return None


def _relative_base(image: bytes, at: int, span: int) -> int | None:
    """The value of relative_base at `at` in the Image; symbols reach up to `span` bytes from it.

    Where the linker leaves it to the kernel to relocate itself, the place holds 0 and the value is
    the addend of the RELA entry whose r_offset is the place's link address. The Image's own link
    address is not known, but is aligned, and the symbols must lie within the Image.
    """
    (base,) = U64.unpack_from(image, at)
    if base & KERNEL_HALF == KERNEL_HALF:
        return int(base)
    _, text_offset, image_size = IMAGE_HEADER.unpack_from(image)
    kind = U64.pack(R_AARCH64_RELATIVE)
    found = image.find(kind, 8)
    while 0 <= found <= len(image) - 16:
        place, _, addend = RELA.unpack_from(image, found - 8)
        text = place - at
        if (
            (text - text_offset) % IMAGE_ALIGN == 0
            and addend % SEGMENT_ALIGN == 0
            and addend & KERNEL_HALF == KERNEL_HALF
            and text <= addend <= text + image_size - span
        ):
            return int(addend)
        found = image.find(kind, found + 8)
    return None
