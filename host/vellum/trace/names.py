"""Names for what a trace has as numbers: device and register of an address, symbol of a PC."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import pairwise

from vellum.devices import Device, load_registers
from vellum.devices.registers import Register, RegisterMap
from vellum.symbols import SymbolTable

NO_DEVICE = "(no device)"
MOST_VALUES = 1 << 17  # kept as text; buffers' addresses would fill the memory


@dataclass(frozen=True, slots=True)
class Place:
    """Where an access went. `register` is a name, or `+0x..` bytes into an unknown device."""

    device: str
    register: str
    layout: Register | None

    @property
    def kind(self) -> str:
        """The register, without which one of an array or of several copies it is."""
        return self.layout.name if self.layout else self.register

    def __str__(self) -> str:
        """`device.REGISTER`, `device+0x10`, or the address alone."""
        if self.device == NO_DEVICE:
            return self.register
        dot = "" if self.register.startswith("+") else "."
        return f"{self.device}{dot}{self.register}"


@dataclass(frozen=True, slots=True)
class _Range:
    start: int
    end: int
    device: str
    index: int  # of the range in its device, which chooses the block of registers
    registers: RegisterMap | None


class Names:
    """Looks names up, and keeps what it found: a trace asks for few different ones, often."""

    def __init__(
        self,
        devices: Sequence[Device] = (),
        symbols: SymbolTable | None = None,
        registers: Mapping[str, RegisterMap] | None = None,
    ) -> None:
        """`symbols` at the addresses that the guest ran them; `registers` beside the built-in."""
        self._all = _ranges(devices, registers or {})
        self._ranges = _flat(self._all)
        self._starts = [start for start, _, _ in self._ranges]
        self._symbols = symbols
        self._places: dict[tuple[int, bool], Place] = {}
        self._pcs: dict[int, str] = {}
        self._values: dict[tuple[int, bool, int, int], str] = {}

    def place(self, address: int, write: bool) -> Place:
        """Device and register of an access to `address`."""
        place = self._places.get((address, write))
        if place is None:
            place = self._places[address, write] = self._find(address, write)
        return place

    def value(self, address: int, write: bool, value: int, size: int) -> str:
        """The fields of a value that went to or came from the register at `address`."""
        key = (address, write, value, size)
        text = self._values.get(key)
        if text is None:
            if len(self._values) >= MOST_VALUES:
                self._values.clear()
            layout = self.place(address, write).layout
            text = self._values[key] = layout.show(value, size) if layout else ""
        return text

    def pc(self, pc: int) -> str:
        """`symbol+0x10`, or the number."""
        text = self._pcs.get(pc)
        if text is None:
            found = self._symbols.lookup(pc) if self._symbols else None
            text = f"{found[0]}+{found[1]:#x}" if found else f"{pc:#x}"
            self._pcs[pc] = text
        return text

    def known(self) -> Iterator[Place]:
        """Every register there is a description of; each element of an array."""
        for one in self._all:
            if one.registers is None or one.index >= len(one.registers.blocks):
                continue
            for register in one.registers.blocks[one.index].registers:
                for index in range(register.count):
                    yield Place(one.device, register.element(index), register)

    def _find(self, address: int, write: bool) -> Place:
        at = bisect_right(self._starts, address) - 1
        if at < 0 or address >= self._ranges[at][1]:
            return Place(NO_DEVICE, f"{address:#x}", None)
        one = self._ranges[at][2]
        offset = address - one.start
        hit = one.registers.find(one.index, offset, write) if one.registers else None
        if hit is None:
            return Place(one.device, f"+{offset:#x}", None)
        if hit.byte:  # into the register: its fields are elsewhere
            return Place(one.device, f"{hit.name}+{hit.byte}", None)
        return Place(one.device, hit.name, hit.register)


def _ranges(devices: Sequence[Device], more: Mapping[str, RegisterMap]) -> list[_Range]:
    """All ranges; of a device given in several parts (run.json), counted on."""
    ranges: list[_Range] = []
    seen: dict[str, int] = {}
    for device in devices:
        key = device.registers
        registers = (more.get(key) or load_registers(key)) if key else None
        for start, size in device.ranges:
            index = seen.setdefault(device.name, 0)
            seen[device.name] += 1
            ranges.append(_Range(start, start + size, device.name, index, registers))
    return ranges


def _flat(ranges: Sequence[_Range]) -> list[tuple[int, int, _Range]]:
    """Start, end and owner of parts that do not overlap, sorted: of several ranges the smallest."""
    edges = sorted({edge for one in ranges for edge in (one.start, one.end)})
    begun = sorted(ranges, key=lambda one: one.start)
    active: list[tuple[int, int, _Range]] = []  # size, which of all, range
    parts: list[tuple[int, int, _Range]] = []
    taken = 0
    for start, end in pairwise(edges):
        while taken < len(begun) and begun[taken].start <= start:
            heappush(active, (begun[taken].end - begun[taken].start, taken, begun[taken]))
            taken += 1
        while active and active[0][2].end <= start:
            heappop(active)
        if active:
            parts.append((start, end, active[0][2]))
    return parts
