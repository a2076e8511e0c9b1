"""A kernel's symbols: address to name, name to address, moved by the KASLR slide."""

from __future__ import annotations

import gzip
import zlib
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from vellum.errors import UsageError

SLIDE_ALIGN = 0x1000  # the smallest page: a kernel never moves by less
VECTORS = "vectors"  # what Linux has in VBAR_EL1 while it runs
ADDRESS_MASK = (1 << 64) - 1


class Symbol(NamedTuple):
    """One symbol; `type` as nm(1) prints it (upper case: global)."""

    address: int
    type: str
    name: str


class SymbolTable:
    """Symbols sorted by address. Addresses in and out are run-time ones: link address + slide."""

    def __init__(
        self, addresses: Sequence[int], types: str, names: Sequence[str], slide: int = 0
    ) -> None:
        """Link addresses, nondecreasing; one character of `types` and one name for each."""
        self._addresses = addresses if isinstance(addresses, array) else array("Q", addresses)
        self._types = types
        self._names = names
        self.slide = slide

    def __len__(self) -> int:
        """How many symbols there are."""
        return len(self._addresses)

    def __iter__(self) -> Iterator[Symbol]:
        """All symbols in order of address."""
        for address, kind, name in zip(self._addresses, self._types, self._names, strict=True):
            yield Symbol((address + self.slide) & ADDRESS_MASK, kind, name)

    def lookup(self, address: int) -> tuple[str, int] | None:
        """Name and offset of the symbol at or before `address`; None outside of the kernel.

        Of several symbols at one address it is the first, as in the kernel's own messages.
        """
        link = (address - self.slide) & ADDRESS_MASK
        after = bisect_right(self._addresses, link)
        if after in (0, len(self._addresses)):  # before the first, or not before the last (`_end`)
            return None
        start = self._addresses[after - 1]
        return self._names[bisect_left(self._addresses, start)], link - start

    def address(self, name: str) -> int | None:
        """Address of the first symbol called `name`."""
        link = self._by_name.get(name)
        return None if link is None else (link + self.slide) & ADDRESS_MASK

    def with_slide(self, slide: int) -> SymbolTable:
        """The same symbols, moved by `slide` bytes from their link addresses."""
        return SymbolTable(self._addresses, self._types, self._names, slide)

    def slide_from_vbar(self, vbar: int) -> int | None:
        """The slide of a kernel that has `vbar` in VBAR_EL1; None when that is not its vectors."""
        link = self._by_name.get(VECTORS)
        if link is None or not vbar:
            return None
        slide = vbar - link
        return None if slide % SLIDE_ALIGN else slide

    def save(self, path: Path) -> None:
        """Writes link addresses, types and names as gzip'd lines of nm(1)'s form."""
        lines = map(
            "%016x %s %s\n".__mod__,
            zip(self._addresses, self._types, self._names, strict=True),
        )
        with gzip.open(path, "wt", compresslevel=4, encoding="utf-8") as file:
            file.writelines(lines)

    @classmethod
    def load(cls, path: Path) -> SymbolTable:
        """Reads what `save` wrote. Raises UsageError when it cannot."""
        try:
            with gzip.open(path, "rt", encoding="utf-8") as file:
                rows = [line.split() for line in file]
            return cls(
                array("Q", [int(row[0], 16) for row in rows]),
                "".join(row[1] for row in rows),
                [row[2] for row in rows],
            )
        except OSError as error:
            raise UsageError(
                f"cannot read symbols from {path}: {error.strerror or error}"
            ) from None
        except (EOFError, ValueError, IndexError, OverflowError, zlib.error):
            raise UsageError(f"damaged symbol file {path}: remove it to go on without") from None

    @cached_property
    def _by_name(self) -> dict[str, int]:
        by_name: dict[str, int] = {}
        for address, name in zip(self._addresses, self._names, strict=True):
            by_name.setdefault(name, address)
        return by_name
