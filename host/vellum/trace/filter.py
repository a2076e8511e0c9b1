"""What of a trace is wanted: the user's words, compiled once into tests of whole blocks of events.

Several values of one option: any of them. Several options: all of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from itertools import chain

import numpy as np

from vellum.devices import Device, select
from vellum.errors import UsageError
from vellum.symbols import SymbolTable
from vellum.trace.clock import Clock
from vellum.trace.decode import Array, Block, Mask
from vellum.trace.kinds import HAS_ADDRESS, IS_READ, IS_WRITE
from vellum.trace.names import Names, Place

__all__ = ["Filter", "Wanted", "check_register", "compile_filter", "matches_register"]

Test = Callable[[Block], Mask]
_NUMBER = re.compile(r"\+?0x[0-9a-f]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options, as typed. `read` and `write` both false: any event."""

    devices: Sequence[str] = ()
    registers: Sequence[str] = ()
    cpus: Collection[int] = ()
    time: str | None = None
    symbols: Sequence[str] = ()
    read: bool = False
    write: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """Tests that an event must all pass. CPUs and times are also the reader's, which skips more."""

    cpus: Collection[int] | None = None
    window: range | None = None
    tests: tuple[Test, ...] = ()

    def __bool__(self) -> bool:
        """Whether it leaves anything out."""
        return bool(self.tests) or self.cpus is not None or self.window is not None

    def keep(self, block: Block) -> Block:
        """The events that pass."""
        for test in self.tests:
            block = block.where(test(block))
        return block


def compile_filter(
    wanted: Wanted,
    names: Names,
    devices: Sequence[Device],
    symbols: SymbolTable | None,
    clock: Clock,
) -> Filter:
    """From the options. UsageError: a device, register or symbol that there is not."""
    tests: list[Test] = []
    window = clock.window(wanted.time) if wanted.time else None
    if window is not None:
        tests.append(_within(window))
    if wanted.read or wanted.write:
        kinds = np.logical_or(IS_READ & wanted.read, IS_WRITE & wanted.write)
        tests.append(lambda block: kinds[block.type])
    chosen = [device for spec in wanted.devices for device in select(devices, spec)]
    if chosen:
        ranges = [one for device in chosen for one in device.ranges]
        tests.append(lambda block: HAS_ADDRESS[block.type] & _in_any(block.field("addr"), ranges))
    if wanted.registers:
        for spec in wanted.registers:
            check_register(spec, names, devices={device.name for device in chosen})
        tests.append(_register_test(wanted.registers, names))
    if wanted.symbols:
        ranges_of_pc = [one for glob in wanted.symbols for one in _symbol_ranges(glob, symbols)]
        tests.append(lambda block: _in_any(block.field("pc"), ranges_of_pc))
    return Filter(sorted(set(wanted.cpus)) or None, window, tuple(tests))


def _within(window: range) -> Test:
    first, last = np.uint64(window.start), np.uint64(window.stop)
    return lambda block: (block.time >= first) & (block.time < last)


def _in_any(numbers: Array, ranges: Iterable[tuple[int, int]]) -> Mask:
    """Which of `numbers` lie in one of `ranges`, each (start, size)."""
    merged = _merged(ranges)
    starts = np.array([start for start, _ in merged], np.uint64)
    lasts = np.array([last for _, last in merged], np.uint64)
    at = np.searchsorted(starts, numbers, "right") - 1
    found: Mask = (at >= 0) & (numbers <= lasts[at])
    return found


def _merged(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """First and last of each, sorted, those that overlap joined."""
    merged: list[tuple[int, int]] = []
    for start, size in sorted(ranges):
        last = start + size - 1
        if merged and start <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(last, merged[-1][1])
        else:
            merged.append((start, last))
    return merged


class _Memo(dict[int, bool]):
    """Asks about each address once."""

    def __init__(self, ask: Callable[[int], bool]) -> None:
        super().__init__()
        self._ask = ask

    def __missing__(self, address: int) -> bool:
        found = self[address] = self._ask(address)
        return found


def _register_test(specs: Sequence[str], names: Names) -> Test:
    def asker(write: bool) -> _Memo:
        return _Memo(
            lambda address: any(
                matches_register(spec, names.place(address, write)) for spec in specs
            )
        )

    memos = asker(False), asker(True)

    def test(block: Block) -> Mask:
        found = np.zeros(len(block), np.bool_)
        writes = IS_WRITE[block.type]
        for memo, mask in ((memos[0], HAS_ADDRESS[block.type] & ~writes), (memos[1], writes)):
            addresses = block.field("addr")[mask].tolist()
            found[mask] = np.fromiter(map(memo.__getitem__, addresses), np.bool_, len(addresses))
        return found

    return test


def matches_register(spec: str, place: Place) -> bool:
    """Whether `spec` names the register there: by name, array's name or glob, in any case.

    A device before a dot narrows it: `pl011@9000000.UARTDR`.
    """
    spec = spec.lower()
    tail = place.register.rpartition(".")[2] if place.layout else place.register
    own = {text.lower() for text in (place.register, place.kind, tail)}
    base = place.device.partition("@")[0]
    full = {f"{device}.{name}".lower() for device in (place.device, base) for name in own}
    return any(spec == name or fnmatchcase(name, spec) for name in own | full)


def check_register(spec: str, *names: Names, devices: Collection[str] = ()) -> None:
    """UsageError when no register in any of `names` is called so; numbers may be anything."""
    if _NUMBER.fullmatch(spec.rpartition(".")[2]):
        return
    name = re.sub(r"\+\d+$", "", spec)  # bytes into a register
    known = chain.from_iterable(one.known() for one in names)
    places = [place for place in known if not devices or place.device in devices]
    if any(matches_register(name, place) for place in places):
        return
    words = {place.register for place in places} | {place.kind for place in places}
    close = get_close_matches(spec, sorted(words), n=3, cutoff=0.6) or get_close_matches(
        spec.upper(), sorted(words), n=3, cutoff=0.6
    )
    meant = f" (did you mean {' or '.join(f'`{word}`' for word in close)}?)" if close else ""
    where = "the chosen devices" if devices else "any device of this trace"
    raise UsageError(
        f"no register `{spec}` in {where}{meant}: `vellum devices --registers` lists them"
    )


def _symbol_ranges(glob: str, symbols: SymbolTable | None) -> list[tuple[int, int]]:
    """Start and size of each symbol that is called so. UsageError: there is none."""
    if symbols is None:
        raise UsageError(f"no symbols are known in this trace, so none matches `{glob}`")
    found: list[tuple[int, int]] = []
    at, matched = 0, False
    known: list[str] = []
    for symbol in symbols:
        if symbol.address != at:
            if matched:
                found.append((at, symbol.address - at))
            at, matched = symbol.address, False
        matched = matched or fnmatchcase(symbol.name, glob)
        known.append(symbol.name)
    if not found:
        close = get_close_matches(glob, known, n=3, cutoff=0.8)
        meant = f" (did you mean {' or '.join(f'`{word}`' for word in close)}?)" if close else ""
        raise UsageError(f"no symbol of the kernel matches `{glob}`{meant}")
    return found
