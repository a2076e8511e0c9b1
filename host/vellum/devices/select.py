"""What a user means by DEVICE: from the text of an option to devices of the list.

A device is named by its device-tree path (`/pl011@9000000`), its node name (`pl011@9000000`), that
name without the unit address when only one device has it (`pl011`), a compatible string (every
device that has it), an address range (`0x9000000-0x9000fff`, last address included, or
`0x9000000+0x1000`), or `all`. Memory is named by `ram:` and an address range: each access that the
guest makes there is then traced as a device's would be.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches

from vellum.devices.tree import Device
from vellum.errors import UsageError

ALL = "all"
RAM = "ram:"
NUMBER = "(0x[0-9a-f]+|[1-9][0-9]*|0)"
ADDRESS_RANGE = re.compile(rf"{NUMBER}\s*([-+])\s*{NUMBER}", re.IGNORECASE)
ADDRESS_TOP = 1 << 52
NAMES_IN_ERROR = 4

Range = tuple[int, int]


def select(devices: Sequence[Device], spec: str) -> list[Device]:
    """The devices that `spec` names; at least one.

    Raises UsageError when it names none, several by accident, or what cannot be traced.
    """
    spec = spec.strip()
    if spec == ALL:
        return _all(devices)
    if spec.startswith(RAM):
        return [_ram(spec)]
    address_range = ADDRESS_RANGE.fullmatch(spec)
    found = (
        [_by_range(devices, *address_range.groups())] if address_range else _named(devices, spec)
    )
    for device in found:
        if device.untraceable:
            raise UsageError(
                f"`{spec}` is {device.untraceable}, which cannot be traced: see `vellum devices`"
            )
    return found


def select_all(devices: Sequence[Device], specs: Iterable[str]) -> list[Device]:
    """The devices that any of `specs` names, each once, sorted by address.

    Raises UsageError as `select` does, and when ranges of two different devices overlap.
    """
    return merge(device for spec in specs for device in select(devices, spec))


def merge(devices: Iterable[Device]) -> list[Device]:
    """Each device once, its ranges joined. Raises UsageError when two different ones overlap."""
    by_path: dict[str, Device] = {}
    for device in devices:
        known = by_path.get(device.path or device.name)
        if known is not None and known.ranges != device.ranges:
            device = replace(device, ranges=_union(known.ranges + device.ranges))
        by_path[device.path or device.name] = device
    merged = sorted(by_path.values(), key=lambda device: device.ranges[0])
    for position, device in enumerate(merged):
        for other in merged[position + 1 :]:
            if _overlap(device, other):
                raise UsageError(f"`{device.name}` and `{other.name}` overlap: choose one of them")
    return merged


def _all(devices: Sequence[Device]) -> list[Device]:
    """Every traceable device; of one that lies inside another, only the outer one."""
    candidates = [device for device in devices if device.enabled and not device.untraceable]
    found = [
        device
        for device in candidates
        if not any(_inside(device, other) for other in candidates if other is not device)
    ]
    if not found:
        raise UsageError("no device of this machine can be traced: see `vellum devices`")
    return found


def _named(devices: Sequence[Device], spec: str) -> list[Device]:
    found = [device for device in devices if spec in (device.path, device.name)]
    if not found:
        found = [device for device in devices if spec == device.base_name]
        if len(found) > 1:
            raise UsageError(_several(spec, found))
    if not found:
        found = [device for device in devices if spec in device.compatible]
    if not found:
        raise UsageError(_unknown(devices, spec))
    return found


def _several(spec: str, found: Sequence[Device]) -> str:
    names = [f"`{device.name}`" for device in found[:NAMES_IN_ERROR]]
    more = [f"{len(found) - NAMES_IN_ERROR} more"] if len(found) > NAMES_IN_ERROR else []
    common = [name for name in found[0].compatible if all(name in d.compatible for d in found)]
    hint = f", or all of them by the compatible string `{common[0]}`" if common else ""
    return f"`{spec}` could be {', '.join(names + more)}: give the whole name{hint}"


def _unknown(devices: Sequence[Device], spec: str) -> str:
    words = {word for d in devices for word in (d.path, d.name, d.base_name, *d.compatible)}
    close = get_close_matches(spec, sorted(words), n=3, cutoff=0.6)
    meant = f" (did you mean {' or '.join(f'`{word}`' for word in close)}?)" if close else ""
    return f"no device `{spec}`{meant}: `vellum devices` lists them"


def _by_range(devices: Sequence[Device], first: str, sign: str, second: str) -> Device:
    """An address range: that part of the device it lies in, else a device called by the range."""
    start, size = _range(first, sign, second)
    for device in devices:
        for base, length in device.ranges:
            if base <= start and start + size <= base + length:
                return replace(device, ranges=((start, size),))
    touched = [
        d for d in devices if d.untraceable and _overlap(d, Device("", "", (), ((start, size),)))
    ]
    name = f"{start:#x}-{start + size - 1:#x}"
    return Device(
        name, "", ranges=((start, size),), untraceable=touched[0].untraceable if touched else ""
    )


def _ram(spec: str) -> Device:
    """Memory, whatever the device tree has there: Vellum says when there is none."""
    found = ADDRESS_RANGE.fullmatch(spec.removeprefix(RAM).strip())
    if not found:
        raise UsageError(f"`{spec}`: give `ram:START-LAST` or `ram:START+SIZE`")
    start, size = _range(*found.groups())
    return Device(f"ram@{start:x}", "", ranges=((start, size),), ram=True)


def _range(first: str, sign: str, second: str) -> Range:
    """START-LAST or START+SIZE. Raises UsageError for what no memory or device can have."""
    start = int(first, 0)
    size = int(second, 0) - start + 1 if sign == "-" else int(second, 0)
    text = f"{first}{sign}{second}"
    if size <= 0:
        raise UsageError(f"`{text}` is empty: give START-LAST or START+SIZE")
    if start + size > ADDRESS_TOP:
        raise UsageError(f"`{text}` ends beyond the 52 bits of a physical address")
    return start, size


def _overlap(one: Device, other: Device) -> bool:
    return any(
        start < base + length and base < start + size
        for start, size in one.ranges
        for base, length in other.ranges
    )


def _inside(inner: Device, outer: Device) -> bool:
    """Every range of `inner` lies in one of `outer`, and is smaller than it."""
    return all(
        any(
            base <= start and start + size <= base + length and size < length
            for base, length in outer.ranges
        )
        for start, size in inner.ranges
    )


def _union(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """Overlapping ranges joined; ranges that only touch stay apart, as `reg` names them."""
    joined: list[Range] = []
    for start, size in sorted(set(ranges)):
        if joined and start < sum(joined[-1]):
            end = max(sum(joined[-1]), start + size)
            joined[-1] = (joined[-1][0], end - joined[-1][0])
        else:
            joined.append((start, size))
    return tuple(joined)
