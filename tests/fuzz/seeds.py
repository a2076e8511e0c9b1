"""Makes the inputs that the fuzz targets start from: python tests/fuzz/seeds.py DIRECTORY."""

from __future__ import annotations

import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import libfdt
from vellum.link import messages

TREE = Path(__file__).resolve().parents[2]
RAM = 0x4000_0000  # fuzz_rpc.c's


def device_trees() -> dict[str, bytes]:
    """Those of dt/tests, and QEMU's own."""
    found = {}
    for source in (TREE / "dt/tests").glob("*.dts"):
        done = subprocess.run(
            ["dtc", "-q", "-O", "dtb", str(source)], capture_output=True, timeout=60, check=True
        )
        found[source.stem] = done.stdout
    with tempfile.TemporaryDirectory() as directory:
        dtb = Path(directory, "virt.dtb")
        machine = f"virt,virtualization=on,secure=on,gic-version=3,dumpdtb={dtb}"
        command = ["qemu-system-aarch64", "-M", machine, "-cpu", "max", "-display", "none"]
        subprocess.run(command, capture_output=True, timeout=60, check=True)
        tree = libfdt.Fdt(dtb.read_bytes())
    tree.pack()
    found["virt"] = bytes(tree.as_bytearray())[: tree.totalsize()]
    return found


def frame(sequence: int, payload: bytes) -> bytes:
    """A frame whose checksums are sums, as fuzz_frame.c has them."""
    head = struct.pack("<4sBBHII", b"VLMF", 0, 0, sequence, len(payload), sum(payload))
    return head + struct.pack("<I", sum(head)) + payload


def streams() -> dict[str, bytes]:
    """Frames, whole and damaged, behind the sizes of the pieces they come in."""
    pieces = bytes([0, 3, 20, 7, 1, 255, 40, 16])
    whole = [frame(n, bytes(range(n * 9 % 256))) for n in range(6)]
    damaged = bytearray(b"".join(whole))
    damaged[25] ^= 1
    return {
        "whole": pieces + b"".join(whole),
        "damaged": pieces + bytes(damaged),
        "text": pieces + b"Vellum: VLM " + whole[1] + b"VLMFVLMF" + whole[2],
        "cut": pieces + whole[5][:30] + whole[1] + whole[2],
        "nested": pieces + frame(1, whole[1] + whole[2])[:-1] + b"\xff" + whole[3],
    }


def conversations() -> dict[str, bytes]:
    """Calls of each kind, each alone, then all in a row."""
    calls: list[messages.Message] = [
        messages.HelloCall(1),
        messages.MemWriteCall(RAM + 64, b"guest"),
        messages.MemReadCall(RAM + 60, 16),
        messages.TraceSetupCall(1, 2, 1),
        messages.RegionAddCall(0x9000000, 0x1000, 3),
        messages.RegionAddCall(0xA000000, 0x200, 1),
        messages.FlushCall(),
        messages.StatsCall(),
        messages.CpuStateCall(),
        messages.GuestStartCall(RAM + 64, RAM),
        messages.MachineResetCall(),
        messages.MachineOffCall(),
    ]
    sent = {}
    for number, call in enumerate(calls):
        body = call.pack()
        message = messages.RpcHeader(call.TYPE, 0, number, len(body)).pack() + body
        sent[f"{number:02}"] = struct.pack("<H", len(message)) + message
    return {**sent, "all": b"".join(sent.values())}


def main() -> None:
    """Writes a folder of files for each target."""
    root = Path(sys.argv[1])
    targets = {"fdt": device_trees(), "frame": streams(), "rpc": conversations()}
    for target, seeds in targets.items():
        directory = root / target
        directory.mkdir(parents=True, exist_ok=True)
        for name, data in seeds.items():
            (directory / name).write_bytes(data)


if __name__ == "__main__":
    main()
