"""Names what a file is that is not an arm64 Image, for the error that says so."""

from __future__ import annotations

from struct import unpack_from

__all__ = ["describe"]

_ELF_MACHINES = {3: "x86", 40: "32-bit Arm", 62: "x86-64", 183: "arm64", 243: "RISC-V"}
_PE_MACHINES = {0x14C: "x86", 0x1C2: "32-bit Arm", 0x8664: "x86-64", 0xAA64: "arm64"}
_PE_MACHINES |= {0x5032: "RISC-V 32", 0x5064: "RISC-V 64", 0x6264: "LoongArch 64"}


def describe(data: bytes) -> str:
    """What `data` seems to be, and what to give instead where that is known."""
    if data[:4] == b"\x7fELF" and len(data) >= 20:
        return _describe_elf(data)
    if data[0x202:0x206] == b"HdrS":
        return "an x86 kernel (bzImage)"
    if data[0x30:0x35] == b"RISCV" or data[0x38:0x3C] == b"RSC\x05":
        return "a RISC-V kernel"
    if data[0x24:0x28] == b"\x18\x28\x6f\x01":
        return "a 32-bit Arm kernel (zImage)"
    if data[:4] == b"\x27\x05\x19\x56":
        return "a U-Boot uImage: give the Image inside of it"
    if data[:4] == b"\xd0\x0d\xfe\xed":
        return "a device tree or a FIT image: give the Image inside of it"
    if data[:4] in (b"\x02\x21\x4c\x18", b"\x04\x22\x4d\x18"):
        return "lz4 data: unpack it first (unlz4)"
    if data[:2] == b"MZ" and len(data) >= 64:
        return _describe_pe(data)
    return f"unknown data of {len(data)} bytes"


def _describe_elf(data: bytes) -> str:
    order = ">" if data[5] == 2 else "<"
    number = unpack_from(order + "H", data, 18)[0]
    machine = _ELF_MACHINES.get(number, f"machine {number}")
    if machine == "arm64":
        return "an arm64 ELF (vmlinux?): give arch/arm64/boot/Image of the same build"
    return f"an ELF file for {machine}"


def _describe_pe(data: bytes) -> str:
    pe = unpack_from("<I", data, 60)[0]
    if data[pe : pe + 4] != b"PE\0\0" or len(data) < pe + 6:
        return "a DOS program"
    number = unpack_from("<H", data, pe + 4)[0]
    machine = _PE_MACHINES.get(number, f"machine {number:#x}")
    return f"an EFI program for {machine}"
