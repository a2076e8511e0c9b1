"""Registers of peripherals from CMSIS-SVD files (Arm's CMSIS-SVD format, version 1.3.10).

Only what names a trace is read: base addresses, registers, fields, names of values; with clusters,
arrays (`dim`), `derivedFrom`, and what is inherited from above. Vendors' files stray from the
schema, so nothing is asked for that is not needed.

PyPI's cmsis-svd leaves a cluster's offset out of the clusters in it, and prints; tests compare the
rest with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from vellum.devices.registers import Block, Field, Register, RegisterMap
from vellum.devices.tree import Device
from vellum.errors import UsageError

__all__ = ["Peripheral", "attach", "load_svd"]

MOST_REGISTERS = 1 << 18  # of a file; the largest known have some ten thousand
MOST_DERIVED = 16  # one from another, at most
SCALE = {"": 0, "k": 10, "m": 20, "g": 30, "t": 40}
T = TypeVar("T", int, int | None)
INTEGER = re.compile(r"\+?(0x|#|0b)?([0-9a-fx]+?)([kmgt]?)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Peripheral:
    """One peripheral: where it lies, and its registers by offset from there."""

    name: str
    base: int
    size: int
    registers: tuple[Register, ...]


@dataclass(frozen=True, slots=True)
class _Scope:
    """What a part of the file inherits: register size in bits, access; and where it lies."""

    size: int = 32
    access: str = "rw"
    offset: int = 0
    prefix: str = ""

    def inside(self, node: Element) -> _Scope:
        """With what `node` itself says."""
        access = {"read-only": "r", "write-only": "w", "writeOnce": "w", None: self.access}
        return replace(
            self,
            size=_integer(node, "size", self.size),
            access=access.get(node.findtext("access"), "rw"),
        )


def load_svd(path: Path) -> list[Peripheral]:
    """The peripherals of a file. UsageError: it cannot be read, or is none."""
    try:
        root = ElementTree.fromstring(path.read_bytes())
        if root.tag != "device":
            raise ValueError(f"it begins with <{root.tag}>, not with <device>")
        return _Reader(root).peripherals()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise UsageError(f"{path} is no CMSIS-SVD file that can be used: {error}") from None


def attach(
    devices: Sequence[Device], peripherals: Sequence[Peripheral]
) -> tuple[list[Device], dict[str, RegisterMap]]:
    """Devices with the registers of the peripherals that lie in them, and those register maps.

    A device keeps its name; a peripheral that lies in none becomes a device.
    """
    left = list(peripherals)
    found: list[Device] = []
    maps: dict[str, RegisterMap] = {}
    for device in devices:
        blocks = []
        for start, size in device.ranges:
            inside = [one for one in left if start <= one.base < start + size]
            left = [one for one in left if one not in inside]
            blocks.append(_block(start, inside))
        if any(block.registers for block in blocks):
            key = f"svd:{device.path or device.name}"
            maps[key] = RegisterMap(key, device.name, "CMSIS-SVD", (), tuple(blocks))
            device = replace(device, registers=key)
        found.append(device)
    for one in left:
        key = f"svd:{one.name}@{one.base:x}"
        maps[key] = RegisterMap(key, one.name, "CMSIS-SVD", (), (_block(one.base, [one]),))
        found.append(Device(one.name, "", ranges=((one.base, one.size),), registers=key))
    return found, maps


def _block(start: int, peripherals: Sequence[Peripheral]) -> Block:
    """Registers of all peripherals of a range; of several, with the peripheral's name before."""
    alone = len(peripherals) == 1
    return Block(
        tuple(
            replace(
                register,
                name=register.name if alone else f"{one.name}.{register.name}",
                offset=one.base - start + register.offset,
            )
            for one in peripherals
            for register in one.registers
        )
    )


class _Reader:
    """One file, being read. Raises ValueError with what is wrong and where."""

    def __init__(self, root: Element) -> None:
        self._root = root
        self._left = MOST_REGISTERS

    def peripherals(self) -> list[Peripheral]:
        container = self._root.find("peripherals")
        if container is None:
            raise ValueError("it has no <peripherals>")
        scope = _Scope().inside(self._root)
        return [
            self._peripheral(node, name, offset, scope)
            for plain in container.findall("peripheral")
            for node, name, offset, _ in self._each(plain, container, "baseAddress")
        ]

    def _peripheral(self, node: Element, name: str, base: int, scope: _Scope) -> Peripheral:
        prefix, suffix = node.findtext("prependToName", ""), node.findtext("appendToName", "")
        registers = tuple(
            replace(one, name=f"{prefix.strip()}{one.name}{suffix.strip()}")
            for one in self._registers(node.find("registers"), scope.inside(node))
        )
        ends = [_integer(one, "offset", 0) + _integer(one, "size", 0)
                for one in node.findall("addressBlock")]  # fmt: skip
        ends += [one.offset + one.size for one in registers]
        return Peripheral(name, base, max(ends, default=0) or 4, registers)

    def _registers(self, container: Element | None, scope: _Scope) -> Iterator[Register]:
        """Registers of a peripheral or cluster, those of clusters in it too; arrays one by one."""
        for plain in container if container is not None else ():
            if plain.tag not in ("register", "cluster"):
                continue
            assert container is not None
            for node, name, offset, index in self._each(plain, container, "addressOffset"):
                inner = scope.inside(node)
                inner = replace(inner, offset=scope.offset + offset, prefix=f"{scope.prefix}{name}")
                if plain.tag == "cluster":
                    yield from self._registers(node, replace(inner, prefix=f"{inner.prefix}."))
                else:
                    yield self._register(node, inner, index)

    def _register(self, node: Element, scope: _Scope, index: int | None) -> Register:
        self._left -= 1
        if self._left < 0:
            raise ValueError(f"it has more than {MOST_REGISTERS:,} registers")
        size = (scope.size + 7) // 8
        if not 1 <= size <= 1024:
            raise ValueError(f"register {scope.prefix} has {scope.size} bits")
        fields = tuple(self._fields(node.find("fields"), scope))
        return Register(scope.prefix, scope.offset, size, fields, scope.access, 1, size, index or 0)

    def _fields(self, container: Element | None, scope: _Scope) -> Iterator[Field]:
        for plain in container.findall("field") if container is not None else ():
            assert container is not None
            for node, name, more, _ in self._each(plain, container, ""):
                low, width = _bits(node, f"{scope.prefix}.{name}")
                values = [one for one in node.iter("enumeratedValue")]
                names = {
                    number: text.strip()
                    for one in values
                    if (text := one.findtext("name"))
                    and (number := _integer(one, "value", None)) is not None
                }
                yield Field(name, low + more, width, names)

    def _each(
        self, plain: Element, container: Element, place: str
    ) -> Iterator[tuple[Element, str, int, int | None]]:
        """A node, or each element of an array: with its name, its offset, its number in the array.

        `place`: the tag that says where it lies; of a field none, its offset is that in the array.
        """
        node = self._derived(plain, container)
        name = (node.findtext("name") or "").strip()
        if not name:
            raise ValueError(f"a {node.tag} has no name")
        start = _integer(node, place, None) if place else 0
        if start is None:
            raise ValueError(f"{node.tag} {name} has no {place}")
        dim = _integer(node, "dim", None)
        if dim is None:
            yield node, name, start, None
            return
        if dim > MOST_REGISTERS:
            raise ValueError(f"{node.tag} {name} has {dim:,} elements")
        step = _integer(node, "dimIncrement", 0)
        indices = _indices(node.findtext("dimIndex"), dim)
        for number, index in enumerate(indices):
            known = index if index != str(number) or "%s" in name else ""
            yield node, name.replace("%s", known), start + number * step, number

    def _derived(self, node: Element, container: Element, depth: int = 0) -> Element:
        """The node, with what it does not say itself from the one that it is derived from."""
        path = node.get("derivedFrom")
        if path is None:
            return node
        if depth > MOST_DERIVED:
            raise ValueError(f"a {node.tag} is derived from itself (`{path}`)")
        source, beside = self._find(path.strip(), node.tag, container)
        source = self._derived(source, beside, depth + 1)
        whole = Element(node.tag)
        own = {child.tag for child in node}
        whole.extend([*node, *(child for child in source if child.tag not in own)])
        return whole

    def _find(self, path: str, tag: str, container: Element) -> tuple[Element, Element]:
        """The node called `path`, beside this one or from the top, and what it lies in."""
        for node in container.findall(tag):
            if (node.findtext("name") or "").strip() == path:
                return node, container
        at: Element = self._root.find("peripherals") or self._root
        within = at
        for name in path.split("."):
            parts = [at, *(part for part in at if part.tag in ("registers", "fields"))]
            found = [
                (child, part)
                for part in parts
                for child in part
                if (child.findtext("name") or "").strip() == name
            ]
            if not found:
                raise ValueError(f"a {tag} is derived from `{path}`, which is not there")
            at, within = found[0]
        return at, within


def _indices(text: str | None, dim: int) -> list[str]:
    """`0-3`, `A-D`, `A,B,C`; numbers when there are none, or too few."""
    text = (text or "").strip()
    found = [part.strip() for part in text.split(",")] if "," in text else []
    if match := re.fullmatch(r"(\d+)\s*-\s*(\d+)", text):
        first = int(match[1])
        found = [str(number) for number in range(first, first + dim)]
    elif match := re.fullmatch(r"([A-Za-z])\s*-\s*([A-Za-z])", text):
        found = [chr(number) for number in range(ord(match[1]), ord(match[2]) + 1)]
    return found[:dim] if len(found) >= dim else [str(number) for number in range(dim)]


def _bits(node: Element, name: str) -> tuple[int, int]:
    """Lowest bit and width of a field, in any of the format's three ways."""
    if match := re.fullmatch(r"\s*\[\s*(\d+)\s*:\s*(\d+)\s*\]\s*", node.findtext("bitRange") or ""):
        high, low = int(match[1]), int(match[2])
    elif (first := _integer(node, "lsb", None)) is not None:
        low, high = first, _integer(node, "msb", first)
    else:
        offset = _integer(node, "bitOffset", None)
        if offset is None:
            raise ValueError(f"field {name} has no bits")
        low, high = offset, offset + _integer(node, "bitWidth", 1) - 1
    if not 0 <= low <= high < 8192:
        raise ValueError(f"field {name} has bits {high} to {low}")
    return low, high - low + 1


def _integer(node: Element, tag: str, default: T) -> T:
    """The number in the child `tag`, in any of the format's ways; don't-care bits are zero."""
    text = (node.findtext(tag) or "").strip()
    if not text:
        return default
    match = INTEGER.fullmatch(text)
    if not match:
        raise ValueError(f"{tag} is `{text}`, which is no number")
    kind, digits, scale = (match[1] or "").lower(), match[2], match[3].lower()
    if kind in ("#", "0b"):
        return int(digits.lower().replace("x", "0"), 2) << SCALE[scale]
    return int(digits, 16 if kind else 10) << SCALE[scale]
