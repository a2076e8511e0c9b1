"""Names for what a trace has as numbers: device and register of an address, symbol of a PC."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from vellum.devices import Device, load_registers
from vellum.devices.registers import Register, RegisterMap
from vellum.symbols import SymbolTable

NO_DEVICE = "(no device)"


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

    def __init__(self, devices: Sequence[Device] = (), symbols: SymbolTable | None = None) -> None:
        """`symbols` at the addresses that the guest ran them."""
        self._ranges = sorted(_ranges(devices), key=lambda one: one.start)
        self._starts = [one.start for one in self._ranges]
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

    def _find(self, address: int, write: bool) -> Place:
        at = bisect_right(self._starts, address) - 1
        if at < 0 or address >= self._ranges[at].end:
            return Place(NO_DEVICE, f"{address:#x}", None)
        one = self._ranges[at]
        offset = address - one.start
        hit = one.registers.find(one.index, offset, write) if one.registers else None
        if hit is None:
            return Place(one.device, f"+{offset:#x}", None)
        if hit.byte:  # into the register: its fields are elsewhere
            return Place(one.device, f"{hit.name}+{hit.byte}", None)
        return Place(one.device, hit.name, hit.register)


def _ranges(devices: Sequence[Device]) -> list[_Range]:
    """All ranges; of a device given in several parts (run.json), counted on."""
    ranges: list[_Range] = []
    seen: dict[str, int] = {}
    for device in devices:
        registers = load_registers(device.registers) if device.registers else None
        for start, size in device.ranges:
            index = seen.setdefault(device.name, 0)
            seen[device.name] += 1
            ranges.append(_Range(start, start + size, device.name, index, registers))
    return ranges
