"""Messages of the link's rpc channel. From hv/link/messages.toml.

Written by `python -m vellum.codegen`; do not edit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import IntEnum, IntFlag
from struct import Struct
from typing import ClassVar, Generic, Self, TypeVar

VERSION = 1
REPLY = 0x8000
EVENT = 0x4000


@dataclass(frozen=True)
class Message:
    """Fixed fields, little-endian, then (where TAIL) bytes to the end of the payload."""

    TYPE: ClassVar[int]
    LAYOUT: ClassVar[Struct]
    TAIL: ClassVar[bool] = False

    def pack(self) -> bytes:
        """The message as bytes, without the rpc header. struct.error: a value out of range."""
        values = [getattr(self, field.name) for field in fields(self)]
        tail: bytes = values.pop() if self.TAIL else b""
        return self.LAYOUT.pack(*values) + tail

    @classmethod
    def unpack(cls, data: bytes | memoryview) -> Self:
        """The message from bytes, without the rpc header. ValueError: too short."""
        size = cls.LAYOUT.size
        if len(data) < size:
            raise ValueError(f"{cls.__name__}: {len(data)} bytes, needs {size}")
        make: Callable[..., Self] = cls
        values = cls.LAYOUT.unpack_from(data)
        return make(*values, bytes(data[size:])) if cls.TAIL else make(*values)


ReplyT = TypeVar("ReplyT", bound=Message)


class Call(Message, Generic[ReplyT]):
    """A message to Vellum that is answered by a REPLY."""

    REPLY: type[ReplyT]


class Status(IntEnum):
    """What a reply's header says."""

    OK = 0
    BAD_MESSAGE = 1
    BAD_ARGUMENT = 2
    FAULT = 3
    NOT_NOW = 4
    NO_ROOM = 5
    OVERLAP = 6


class StopReason(IntEnum):
    """Values of stop_reason."""

    SYSTEM_OFF = 0
    SYSTEM_RESET = 1
    HOST_REQUEST = 2


class Exit(IntEnum):
    """Why a CPU left the guest; index in `stats`."""

    MMIO_TRACED = 0
    MMIO_UNTRACED = 1
    MMIO_GIC = 2
    MMIO_EMULATED = 3
    MMIO_DECODED = 4
    MMIO_STEPPED = 5
    MMIO_ABORTED = 6
    SGI = 7
    PSCI = 8
    SMC = 9
    HVC = 10
    FIQ_LINK = 11
    FIQ_SGI = 12
    FIQ_TIMER = 13
    UNKNOWN = 14


class FeatureFlag(IntFlag):
    """Bits of feature."""

    PL011_LINK = 1


class RegionFlag(IntFlag):
    """Bits of region."""

    TRACE_READ = 1
    TRACE_WRITE = 2
    RAM = 4


class TracePolicyFlag(IntFlag):
    """Bits of trace_policy."""

    DROP = 1


@dataclass(frozen=True)
class RpcHeader(Message):
    """What every message begins with."""

    LAYOUT = Struct("<HHII")

    type: int
    status: int
    id: int
    length: int


@dataclass(frozen=True)
class HelloReply(Message):
    """First call: who is there. Also sent by Vellum on its own, as the event `ready`."""

    TYPE = 0x8001
    LAYOUT = Struct("<IIIIQQQQQQIIII")

    version: int
    features: int
    cpu_count: int
    granule: int
    counter_hz: int
    vellum_base: int
    vellum_size: int
    fdt_address: int
    fdt_size: int
    link_base: int
    console_intid: int
    midr: int
    fine_grained_traps: int
    packet_size: int


@dataclass(frozen=True)
class HelloCall(Call[HelloReply]):
    """First call: who is there. Also sent by Vellum on its own, as the event `ready`."""

    TYPE = 0x1
    REPLY = HelloReply
    LAYOUT = Struct("<I4x")

    version: int


@dataclass(frozen=True)
class MemReadReply(Message):
    """Reads physical memory; at most 32768 bytes."""

    TYPE = 0x8002
    LAYOUT = Struct("<Q")
    TAIL = True

    address: int
    tail: bytes


@dataclass(frozen=True)
class MemReadCall(Call[MemReadReply]):
    """Reads physical memory; at most 32768 bytes."""

    TYPE = 0x2
    REPLY = MemReadReply
    LAYOUT = Struct("<QQ")

    address: int
    length: int


@dataclass(frozen=True)
class MemWriteReply(Message):
    """Writes physical memory; at most 32768 bytes."""

    TYPE = 0x8003
    LAYOUT = Struct("<Q")

    address: int


@dataclass(frozen=True)
class MemWriteCall(Call[MemWriteReply]):
    """Writes physical memory; at most 32768 bytes."""

    TYPE = 0x3
    REPLY = MemWriteReply
    LAYOUT = Struct("<Q")
    TAIL = True

    address: int
    tail: bytes


@dataclass(frozen=True)
class TraceSetupReply(Message):
    """Names the trace and sets the policy when the host is slow. Before guest_start."""

    TYPE = 0x8004
    LAYOUT = Struct("<")


@dataclass(frozen=True)
class TraceSetupCall(Call[TraceSetupReply]):
    """Names the trace and sets the policy when the host is slow. Before guest_start."""

    TYPE = 0x4
    REPLY = TraceSetupReply
    LAYOUT = Struct("<QQI4x")

    uuid_low: int
    uuid_high: int
    policy: int


@dataclass(frozen=True)
class RegionAddReply(Message):
    """Traces accesses to [start, start + size), from now on, also while the guest runs.

    Refused: zero size, overlap, Vellum's memory, RAM without its flag.
    """

    TYPE = 0x8005
    LAYOUT = Struct("<")


@dataclass(frozen=True)
class RegionAddCall(Call[RegionAddReply]):
    """Traces accesses to [start, start + size), from now on, also while the guest runs.

    Refused: zero size, overlap, Vellum's memory, RAM without its flag.
    """

    TYPE = 0x5
    REPLY = RegionAddReply
    LAYOUT = Struct("<QQI4x")

    start: int
    size: int
    flags: int


@dataclass(frozen=True)
class GuestStartReply(Message):
    """Enters the guest on the boot CPU at `entry` (EL1h, MMU off, x0 = `x0`)."""

    TYPE = 0x8006
    LAYOUT = Struct("<Q")

    counter: int


@dataclass(frozen=True)
class GuestStartCall(Call[GuestStartReply]):
    """Enters the guest on the boot CPU at `entry` (EL1h, MMU off, x0 = `x0`)."""

    TYPE = 0x6
    REPLY = GuestStartReply
    LAYOUT = Struct("<QQ")

    entry: int
    x0: int


@dataclass(frozen=True)
class FlushReply(Message):
    """Closes and sends the open trace packet of every CPU; the reply follows the last of them."""

    TYPE = 0x8007
    LAYOUT = Struct("<")


@dataclass(frozen=True)
class FlushCall(Call[FlushReply]):
    """Closes and sends the open trace packet of every CPU; the reply follows the last of them."""

    TYPE = 0x7
    REPLY = FlushReply
    LAYOUT = Struct("<")


@dataclass(frozen=True)
class StatsReply(Message):
    """Counters since guest_start. Tail: u64[cpu_count][exit_count], in order of enum exit."""

    TYPE = 0x8008
    LAYOUT = Struct("<QQII")
    TAIL = True

    counter: int
    guest_vbar: int
    cpu_count: int
    exit_count: int
    tail: bytes


@dataclass(frozen=True)
class StatsCall(Call[StatsReply]):
    """Counters since guest_start. Tail: u64[cpu_count][exit_count], in order of enum exit."""

    TYPE = 0x8
    REPLY = StatsReply
    LAYOUT = Struct("<")


@dataclass(frozen=True)
class CpuStateReply(Message):
    """Where each CPU is. Tail: a cpu_state record for each CPU."""

    TYPE = 0x8009
    LAYOUT = Struct("<I4x")
    TAIL = True

    cpu_count: int
    tail: bytes


@dataclass(frozen=True)
class CpuStateCall(Call[CpuStateReply]):
    """Where each CPU is. Tail: a cpu_state record for each CPU."""

    TYPE = 0x9
    REPLY = CpuStateReply
    LAYOUT = Struct("<")


@dataclass(frozen=True)
class MachineOffReply(Message):
    """Turns the machine off (PSCI SYSTEM_OFF); flushes first. The reply comes before."""

    TYPE = 0x800A
    LAYOUT = Struct("<")


@dataclass(frozen=True)
class MachineOffCall(Call[MachineOffReply]):
    """Turns the machine off (PSCI SYSTEM_OFF); flushes first. The reply comes before."""

    TYPE = 0xA
    REPLY = MachineOffReply
    LAYOUT = Struct("<")


@dataclass(frozen=True)
class MachineResetReply(Message):
    """Resets the machine (PSCI SYSTEM_RESET); flushes first. The reply comes before."""

    TYPE = 0x800B
    LAYOUT = Struct("<")


@dataclass(frozen=True)
class MachineResetCall(Call[MachineResetReply]):
    """Resets the machine (PSCI SYSTEM_RESET); flushes first. The reply comes before."""

    TYPE = 0xB
    REPLY = MachineResetReply
    LAYOUT = Struct("<")


@dataclass(frozen=True)
class RegionChangeReply(Message):
    """Traces the traced bytes of [start, start + size) otherwise; flags 0: no more.

    Refused: none is traced.
    """

    TYPE = 0x800C
    LAYOUT = Struct("<")


@dataclass(frozen=True)
class RegionChangeCall(Call[RegionChangeReply]):
    """Traces the traced bytes of [start, start + size) otherwise; flags 0: no more.

    Refused: none is traced.
    """

    TYPE = 0xC
    REPLY = RegionChangeReply
    LAYOUT = Struct("<QQI4x")

    start: int
    size: int
    flags: int


@dataclass(frozen=True)
class ReadyEvent(Message):
    """Sent once when Vellum is up and waits for calls. Ask `hello` for the rest."""

    TYPE = 0x4001
    LAYOUT = Struct("<I4x")

    version: int


@dataclass(frozen=True)
class GuestStopEvent(Message):
    """The guest called SYSTEM_OFF or SYSTEM_RESET.

    All trace packets were sent before it. Vellum now waits (10 s) for machine_off or machine_reset,
    then does what the guest asked.
    """

    TYPE = 0x4002
    LAYOUT = Struct("<IIQ")

    reason: int
    cpu: int
    counter: int


@dataclass(frozen=True)
class CpuStateRecord(Message):
    """One CPU: where the guest was when it last left it; online: 1 once PSCI has started it."""

    LAYOUT = Struct("<QQQQI4x")

    mpidr: int
    pc: int
    pstate: int
    vbar: int
    online: int


CALLS: dict[int, type[Message]] = {
    0x1: HelloCall,
    0x2: MemReadCall,
    0x3: MemWriteCall,
    0x4: TraceSetupCall,
    0x5: RegionAddCall,
    0x6: GuestStartCall,
    0x7: FlushCall,
    0x8: StatsCall,
    0x9: CpuStateCall,
    0xA: MachineOffCall,
    0xB: MachineResetCall,
    0xC: RegionChangeCall,
}

REPLIES: dict[int, type[Message]] = {
    0x8001: HelloReply,
    0x8002: MemReadReply,
    0x8003: MemWriteReply,
    0x8004: TraceSetupReply,
    0x8005: RegionAddReply,
    0x8006: GuestStartReply,
    0x8007: FlushReply,
    0x8008: StatsReply,
    0x8009: CpuStateReply,
    0x800A: MachineOffReply,
    0x800B: MachineResetReply,
    0x800C: RegionChangeReply,
}

EVENTS: dict[int, type[Message]] = {
    0x4001: ReadyEvent,
    0x4002: GuestStopEvent,
}
