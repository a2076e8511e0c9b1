"""A Vellum in Python: speaks the link's protocol at the other end of a transport."""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from vellum.link import messages as m
from vellum.link.frame import Channel
from vellum.link.link import Link
from vellum.link.rpc import HEADER_SIZE
from vellum.link.transport import Transport
from vellum.trace import events

RAM = 0x40000000
PL011 = 0x09000000
LINK_BASE = 0x0A003E00
COUNTER_HZ = 62_500_000


@dataclass
class FakeTarget:
    """`guest` is run on a thread of its own at guest_start, and may use the methods below."""

    transport: Transport
    fdt: bytes = b""
    ram_size: int = 256 << 20
    guest: Callable[[FakeTarget], None] = lambda target: None
    console: Callable[[bytes], None] = lambda data: None
    on_end: Callable[[str], None] = lambda how: None  # machine_off, machine_reset
    features: int = 0
    console_intid: int = 0
    calls: list[m.Message] = field(default_factory=list)
    writes: dict[int, bytes] = field(default_factory=dict)
    regions: list[tuple[int, int]] = field(default_factory=list)
    typed: bytearray = field(default_factory=bytearray)
    flushed: threading.Event = field(default_factory=threading.Event)
    refuse: dict[int, int] = field(default_factory=dict)  # call type -> status
    silent: bool = False
    counter: int = 1000
    trace_uuid: bytes = bytes(16)
    sequence: int = 0
    discarded: int = 0

    def __post_init__(self) -> None:
        self.vellum_base = RAM + self.ram_size - (16 << 20)
        self.link = Link(self.transport)
        self.link.handle(Channel.RPC, self._call)
        self.link.handle(Channel.CONSOLE, lambda data: self.typed.extend(data))

    def start(self) -> None:
        self.link.start()
        self.event(m.ReadyEvent(m.VERSION))

    def start_again(self) -> None:
        """After a reset: `ready` once more, nothing of before."""
        self.sequence = 0
        self.event(m.ReadyEvent(m.VERSION))

    def event(self, event: m.Message) -> None:
        self._send(event.TYPE, 0, 0, event.pack())

    def log(self, line: str) -> None:
        self.link.send(Channel.LOG, line.encode())

    def stop(self, reason: m.StopReason) -> None:
        self.counter += COUNTER_HZ
        self.event(m.GuestStopEvent(reason, 0, self.counter))

    def trace(self, count: int, address: int = PL011) -> None:
        """One packet of CPU 0 with `count` reads."""
        self.counter += count
        kind = next(e for e in events.EVENTS if e.name == "mmio_read32")
        low = self.counter & ((1 << events.TIMESTAMP_BITS) - 1)
        event = struct.pack("<I", low << events.ID_BITS | kind.id)
        event += kind.layout.pack(0xFFFF800008010000, address, 7)
        bits = 8 * (events.PACKET.size + count * len(event))
        head = events.PACKET.pack(
            events.MAGIC, self.trace_uuid, events.STREAM_ID, self.counter, self.counter,
            bits, bits, self.sequence, self.discarded, 0, count,
        )  # fmt: skip
        self.sequence += 1
        self.link.send(Channel.TRACE, head + event * count)

    def _call(self, payload: memoryview) -> None:
        header = m.RpcHeader.unpack(payload)
        call = m.CALLS[header.type].unpack(payload[HEADER_SIZE:])
        self.calls.append(call)
        if self.silent:
            return
        status = self.refuse.get(header.type, 0)
        reply = b"" if status else self._answer(call).pack()
        self._send(header.type | m.REPLY, status, header.id, reply)
        if isinstance(call, m.GuestStartCall):
            threading.Thread(target=self.guest, args=(self,), daemon=True).start()
        if isinstance(call, m.MachineOffCall | m.MachineResetCall):
            self.on_end("off" if isinstance(call, m.MachineOffCall) else "reset")

    def _answer(self, call: m.Message) -> m.Message:
        match call:
            case m.HelloCall():
                return self.hello()
            case m.MemReadCall(address, length):
                start = address - self.vellum_base
                return m.MemReadReply(address, self.fdt[start : start + length])
            case m.MemWriteCall(address, data):
                self.writes[address] = data
                return m.MemWriteReply(address)
            case m.TraceSetupCall(low, high, _):
                self.trace_uuid = low.to_bytes(8, "little") + high.to_bytes(8, "little")
                return m.TraceSetupReply()
            case m.RegionAddCall(start, size, _):
                self.regions.append((start, size))
                return m.RegionAddReply()
            case m.GuestStartCall():
                return m.GuestStartReply(self.counter)
            case m.FlushCall():
                self.flushed.set()
                return m.FlushReply()
            case m.StatsCall():
                counts = struct.pack(f"<{len(m.Exit)}Q", *range(len(m.Exit)))
                return m.StatsReply(self.counter, 0, 1, len(m.Exit), counts)
            case m.CpuStateCall():
                record = m.CpuStateRecord(0, 0x40200000, 0x3C5, 0, 1)
                return m.CpuStateReply(1, record.pack())
            case m.MachineOffCall():
                return m.MachineOffReply()
            case _:
                return m.MachineResetReply()

    def hello(self) -> m.HelloReply:
        return m.HelloReply(
            version=m.VERSION, features=self.features, cpu_count=1, granule=4096,
            counter_hz=COUNTER_HZ, vellum_base=self.vellum_base, vellum_size=16 << 20,
            fdt_address=self.vellum_base, fdt_size=len(self.fdt), link_base=LINK_BASE,
            console_intid=self.console_intid, midr=0, fine_grained_traps=0, packet_size=4096,
        )  # fmt: skip

    def _send(self, kind: int, status: int, call_id: int, body: bytes) -> None:
        header = m.RpcHeader(kind, status, call_id, len(body))
        self.link.send(Channel.RPC, header.pack(), body)
