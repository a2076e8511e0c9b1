"""kallsyms tables made as the kernel's build makes them, in each order it has had."""

from __future__ import annotations

import gzip
import random
import struct
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vellum.errors import UsageError
from vellum.symbols import SymbolTable, read_symbols

BASE = 0xFFFF800008010000  # link address of the first symbol
TEXT = 0xFFFF800008000000  # and of the Image
ORDERS = ["6.1", "6.2", "6.12"]

Made = list[tuple[int, str, str]]


def symbols(count: int, seed: int = 1) -> Made:
    """`count` symbols with every digit and letter in them, some at one address, some long."""
    chance = random.Random(seed)
    address, made = BASE, []
    words = ["vectors", "el1h_64_sync", "pl011_", "virtio", "0123456789", "do_", "a" * 130, "Z."]
    for number in range(count):
        name = chance.choice(words) + "_" + str(number) + chance.choice(["", ".part.0", "x" * 150])
        made.append((address, chance.choice("tTdDbBrRW"), name))
        address += chance.choice([0, 4, 64, 4096])
    return made


def align(data: bytes, to: int) -> bytes:
    return data + bytes(-len(data) % to)


def build(made: Made, order: str, *, relocated: bool, seed: int = 1) -> bytes:
    """An Image of nothing but these tables, noise around them."""
    chance = random.Random(seed)
    tokens = make_tokens(made)
    names, markers = bytearray(), []
    for number, (_, kind, name) in enumerate(made):
        if number % 256 == 0:
            markers.append(len(names))
        packed = compress((kind + name).encode(), tokens)
        length = len(packed)
        names += bytes([length]) if length < 128 else bytes([length & 0x7F | 0x80, length >> 7])
        names += packed
    table = b"".join(token + b"\0" for token in tokens)
    index, at = [], 0
    for token in tokens:
        index.append(at)
        at += len(token) + 1
    tail = align(table, 8) + align(struct.pack("<256H", *index), 8)
    offsets = align(struct.pack(f"<{len(made)}I", *(a - BASE for a, _, _ in made)), 8)
    listed = align(struct.pack("<I", len(made)), 8) + align(bytes(names), 8)
    listed += align(struct.pack(f"<{len(markers)}I", *markers), 8)
    base = struct.pack("<Q", 0 if relocated else BASE)

    image = bytearray(64) + chance.randbytes(4096)
    struct.pack_into("<QQQ", image, 0, 0x14000000_5A4D, 0, 1 << 26)
    if order == "6.12":
        image += listed + tail + offsets
        base_at = len(image)
        image += base + chance.randbytes(3 * len(made))
    else:
        image += offsets
        base_at = len(image)
        seqs = align(chance.randbytes(3 * len(made)), 8) if order == "6.2" else b""
        image += base + listed + seqs + tail
    image += align(bytes(image), 8)[len(image) :] + chance.randbytes(512)
    for place, addend in [(0x100, BASE), (base_at + 8, BASE + 0x1234), (base_at, BASE)]:
        image += struct.pack("<QQQ", TEXT + place, 0x403, addend)
    return bytes(image) + chance.randbytes(256)


def make_tokens(made: Made) -> list[bytes]:
    """256 tokens: characters that occur stand for themselves, the rest are common pieces."""
    used = {ord(char) for _, kind, name in made for char in kind + name} | set(b"0123456789")
    pieces = iter([b"ec", b"pl0", b"aaaa", b"xxxxxxxx", b"virt", b"do_", b".part", b"_1"])
    return [bytes([code]) if code in used else next(pieces, b"") for code in range(256)]


def compress(text: bytes, tokens: list[bytes]) -> bytes:
    for code, token in enumerate(tokens):
        if len(token) > 1 and token in text:
            head, _, tail = text.partition(token)
            return compress(head, tokens) + bytes([code]) + compress(tail, tokens)
    return text  # single characters are their own tokens


@pytest.mark.parametrize("relocated", [False, True])
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("count", [257, 512, 1300])
def test_reads_back_every_symbol(order: str, relocated: bool, count: int) -> None:
    made = symbols(count)
    found = read_symbols(build(made, order, relocated=relocated))
    assert [tuple(symbol) for symbol in found] == made


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(ORDERS))
def test_reads_any_tables(seed: int, order: str) -> None:
    made = symbols(300, seed)
    assert [
        tuple(one) for one in read_symbols(build(made, order, relocated=True, seed=seed))
    ] == made


@pytest.mark.parametrize("image", [b"", bytes(100), bytes(1 << 16), bytes(range(256)) * 300])
def test_an_image_without_tables_is_a_usage_error(image: bytes) -> None:
    with pytest.raises(UsageError, match="CONFIG_KALLSYMS"):
        read_symbols(image)


@pytest.mark.parametrize("order", ORDERS)
def test_damaged_tables_are_never_half_read(order: str) -> None:
    made = symbols(300)
    image = build(made, order, relocated=False)
    chance = random.Random(2)
    for _ in range(60):
        wrong = bytearray(image)
        wrong[chance.randrange(len(wrong))] ^= 1 << chance.randrange(8)
        try:
            found = read_symbols(bytes(wrong))
        except UsageError:
            continue
        assert len(found) == len(made)


def test_truncated_at_any_place_it_does_not_crash() -> None:
    image = build(symbols(300), "6.1", relocated=True)
    for length in range(0, len(image), 997):
        with suppress(UsageError):
            assert len(read_symbols(image[:length])) == 300


TABLE = SymbolTable([0x1000, 0x1000, 0x1800, 0x3000], "tTTD", ["first", "alias", "vectors", "_end"])


def test_looks_addresses_up() -> None:
    assert TABLE.lookup(0x1000) == ("first", 0)
    assert TABLE.lookup(0x17FF) == ("first", 0x7FF)
    assert TABLE.lookup(0x1800) == ("vectors", 0)
    assert TABLE.lookup(0xFFF) is None and TABLE.lookup(0x3000) is None
    assert TABLE.address("alias") == 0x1000 and TABLE.address("none") is None


def test_moves_with_the_slide() -> None:
    moved = TABLE.with_slide(0x10000)
    assert moved.lookup(0x11804) == ("vectors", 4) and moved.lookup(0x1804) is None
    assert moved.address("vectors") == 0x11800
    assert next(iter(moved)).address == 0x11000


def test_the_slide_is_known_from_vbar() -> None:
    assert TABLE.slide_from_vbar(0x201800) == 0x200000
    assert TABLE.slide_from_vbar(0x1800) == 0
    assert TABLE.slide_from_vbar(0x201C00) is None  # not a page away: other vectors
    assert TABLE.slide_from_vbar(0) is None
    assert SymbolTable([1], "t", ["x"]).slide_from_vbar(0x1000) is None


def test_saves_and_loads(tmp_path: Path) -> None:
    TABLE.save(tmp_path / "s.gz")
    assert list(SymbolTable.load(tmp_path / "s.gz")) == list(TABLE)


@pytest.mark.parametrize("damage", ["junk", "empty gzip", "cut", "no columns"])
def test_a_broken_symbol_file_is_a_usage_error(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "s.gz"
    TABLE.save(path)
    data = {
        "junk": b"junk",
        "empty gzip": b"\x1f\x8b\x08\x00",
        "cut": path.read_bytes()[:-12],
        "no columns": gzip.compress(b"0123\n"),
    }
    path.write_bytes(data[damage])
    with pytest.raises(UsageError):
        SymbolTable.load(path)


def test_a_missing_symbol_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        SymbolTable.load(tmp_path / "s.gz")
