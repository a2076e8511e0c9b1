"""Registers of known devices: names, fields and enumerations, from dt/registers/*.toml.

A description names the device by its compatible strings and cites the document it was written
from. It holds one block of registers for each range of the device's `reg` (a GICv3 has two: the
distributor, and the redistributors, which repeat every `stride` bytes; `frame` says how the copies
are called: "number", which it is unless told, or "pci" for bus:device.function).

    title = "Arm PrimeCell UART (PL011)"
    source = "Arm DDI 0183G"
    compatible = ["arm,pl011"]
    [[block]]
    [block.register.UARTFR]
    offset = 0x018
    fields = { CTS = 0, BUSY = 3 }          # bit, or "high:low"
    [block.register.UARTFR.enum.BUSY]       # names of values
    1 = "sending"

A register may also say: size (bytes, 4 unless told), access ("r" or "w": two registers share an
offset), count and stride (an array; its name then holds `<n>`), first (n of its first element),
endian ("big": the device's, the value recorded is in the CPU's order), format ("char").
"""

from __future__ import annotations

import tomllib
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

_PRINTABLE = range(0x20, 0x7F)

# How the copies of a block that repeats are called, by `frame` of the description.
_FRAME_NAMES: dict[str, Callable[[int], str]] = {
    "number": str,
    "pci": lambda frame: f"{frame >> 8:02x}:{frame >> 3 & 31:02x}.{frame & 7}",
}


@dataclass(frozen=True, slots=True)
class Field:
    """Bits high..low of a register; `names` are those of its values."""

    name: str
    low: int
    width: int
    names: Mapping[int, str] = field(default_factory=dict)

    @property
    def mask(self) -> int:
        """The field's bits, in place."""
        return ((1 << self.width) - 1) << self.low

    def show(self, value: int) -> str:
        """`NAME` of a set bit, `NAME=value` of anything else; empty for zero without a name."""
        bits = (value & self.mask) >> self.low
        if bits in self.names:
            return f"{self.name}={self.names[bits]}"
        if self.width == 1:
            return self.name if bits else ""
        return f"{self.name}={bits:#x}" if bits else ""


@dataclass(frozen=True, slots=True)
class Register:
    """A register, or an array of `count` registers `stride` bytes apart."""

    name: str
    offset: int
    size: int = 4
    fields: tuple[Field, ...] = ()
    access: str = "rw"
    count: int = 1
    stride: int = 4
    first: int = 0
    endian: str = "little"
    format: str = ""

    def element(self, index: int) -> str:
        """The name of element `index` of an array; of a single register its own."""
        return self.name.replace("<n>", str(self.first + index))

    def show(self, value: int, size: int) -> str:
        """The fields of `value`, as read or written with `size` bytes; empty when all are zero."""
        if self.endian == "big":
            value = int.from_bytes(value.to_bytes(size, "little"), "big")
        if self.format == "char":
            shown = repr(chr(value & 0xFF)) if value & 0xFF in _PRINTABLE else ""
            flags = [text for f in self.fields if (text := f.show(value))]
            return " ".join(filter(None, [shown, *flags]))
        known = 0
        texts = []
        for one in self.fields:
            known |= one.mask
            texts.append(one.show(value))
        if self.fields and value & ~known:
            texts.append(f"+{value & ~known:#x}")
        return " ".join(filter(None, texts))


@dataclass(frozen=True, slots=True)
class Hit:
    """Where an offset falls: a register, element `index` of it, `byte` bytes into that element."""

    register: Register
    name: str
    byte: int


class Block:
    """The registers of one range, which repeat every `stride` bytes (0: they do not)."""

    def __init__(
        self, registers: tuple[Register, ...], stride: int = 0, frame: str = "number"
    ) -> None:
        """Registers in any order; where two of one access overlap, the later start wins."""
        self.registers = registers
        self.stride = stride
        self._frame_name = _FRAME_NAMES[frame]
        self._starts: dict[str, list[tuple[int, Register]]] = {
            access: sorted(
                ((r.offset, r) for r in registers if access in r.access), key=lambda pair: pair[0]
            )
            for access in "rw"
        }

    def find(self, offset: int, write: bool) -> Hit | None:
        """The register at `offset` bytes into the range."""
        prefix = ""
        if self.stride:
            frame, offset = divmod(offset, self.stride)
            prefix = f"{self._frame_name(frame)}."
        starts = self._starts["w" if write else "r"]
        at = bisect_right(starts, offset, key=lambda pair: pair[0]) - 1
        if at < 0:
            return None
        register = starts[at][1]
        index, byte = divmod(offset - register.offset, register.stride)
        if index >= register.count or byte >= register.size:
            return None
        return Hit(register, prefix + register.element(index), byte)


@dataclass(frozen=True, slots=True)
class RegisterMap:
    """All that is known of one kind of device."""

    name: str
    title: str
    source: str
    compatible: tuple[str, ...]
    blocks: tuple[Block, ...]

    def find(self, range_index: int, offset: int, write: bool) -> Hit | None:
        """The register `offset` bytes into range `range_index` of the device."""
        if range_index >= len(self.blocks):
            return None
        return self.blocks[range_index].find(offset, write)

    @property
    def registers(self) -> tuple[Register, ...]:
        """Every register, in the order of the description."""
        return tuple(register for block in self.blocks for register in block.registers)


def parse_registers(name: str, text: str) -> RegisterMap:
    """A description from its TOML. Raises KeyError, ValueError or TypeError when it is not one."""
    data = tomllib.loads(text)
    return RegisterMap(
        name=name,
        title=data["title"],
        source=data["source"],
        compatible=tuple(data["compatible"]),
        blocks=tuple(
            Block(
                tuple(_register(key, value) for key, value in block["register"].items()),
                block.get("stride", 0),
                block.get("frame", "number"),
            )
            for block in data["block"]
        ),
    )


def _register(name: str, data: dict[str, Any]) -> Register:
    data = dict(data)
    names = data.pop("enum", {})
    fields = tuple(
        _field(key, bits, names.get(key, {})) for key, bits in data.pop("fields", {}).items()
    )
    data.setdefault("stride", data.get("size", 4))
    return Register(name, fields=fields, **data)


def _field(name: str, bits: int | str, names: dict[str, str]) -> Field:
    high, _, low = str(bits).partition(":")
    first, last = int(low or high), int(high)
    return Field(name, first, last - first + 1, {int(key, 0): text for key, text in names.items()})


@cache
def load_registers(name: str) -> RegisterMap | None:
    """The description called `name` (its file's stem), or None."""
    return _all_registers().get(name)


def registers_for(compatible: tuple[str, ...]) -> str | None:
    """The name of the description for a device, by the most specific compatible string."""
    for text in compatible:
        for name, registers in _all_registers().items():
            if text in registers.compatible:
                return name
    return None


@cache
def _all_registers() -> dict[str, RegisterMap]:
    """Every description, by name. They lie in dt/registers; the package has a link to it."""
    folder = files("vellum.devices") / "descriptions"
    return {
        entry.name.removesuffix(".toml"): parse_registers(
            entry.name.removesuffix(".toml"), entry.read_text(encoding="utf-8")
        )
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".toml")
    }
