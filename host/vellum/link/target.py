"""What Vellum can be asked to do, as plain methods: the verbs over the message table."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from struct import unpack
from uuid import UUID

from vellum.errors import GuestFault, LinkError, RpcError
from vellum.link import messages as m
from vellum.link.rpc import Rpc

__all__ = ["Stats", "Target"]

CHUNK = 32768  # of mem_read and mem_write, bytes
WINDOW = 32  # calls on their way at once


@dataclass(frozen=True)
class Stats:
    """Counters of a guest since its start."""

    counter: int  # CNTVCT_EL0, ticks
    guest_vbar: int  # 0: not seen
    exits: dict[str, list[int]]  # by name, then by CPU


class Target:
    """Vellum at the other end of a link. Every method may raise LinkError or RpcError."""

    def __init__(self, rpc: Rpc) -> None:
        """`rpc`: of a started link."""
        self.rpc = rpc

    def hello(self, *, patience: float, check: Callable[[], None]) -> m.HelloReply:
        """Asks who is there until there is an answer; at most `patience` seconds.

        `check` is called now and then and may raise.
        """
        asked: list[Future[m.HelloReply]] = []
        for _ in range(max(1, round(patience / 0.5))):
            check()
            asked.append(self.rpc.submit(m.HelloCall(m.VERSION)))
            with suppress(TimeoutError):
                asked[-1].result(0.5)
            if answered := [future for future in asked if future.done()]:
                return answered[0].result()
        raise LinkError(
            f"Vellum did not answer within {patience:g} s: build its image again (make), and give "
            "it a 64-bit CPU (--cpu)"
        )

    def read(self, address: int, length: int) -> bytes:
        """`length` bytes of physical memory. GuestFault: nothing there."""
        data = bytearray()
        for start in range(0, length, CHUNK):
            size = min(CHUNK, length - start)
            with _fault_at(address + start, size):
                data += self.rpc.call(m.MemReadCall(address + start, size)).tail
        return bytes(data)

    def write(
        self, address: int, data: bytes | memoryview, progress: Callable[[int], None]
    ) -> None:
        """Writes physical memory; `progress` is called with the bytes done so far, may raise."""
        view = memoryview(data)
        waiting: deque[tuple[int, int, Future[m.MemWriteReply]]] = deque()
        for start in range(0, len(view), CHUNK):
            if len(waiting) == WINDOW:
                self._written(address, waiting, progress)
            chunk = bytes(view[start : start + CHUNK])
            future = self.rpc.submit(m.MemWriteCall(address + start, chunk))
            waiting.append((start, len(chunk), future))
        while waiting:
            self._written(address, waiting, progress)

    def _written(
        self,
        address: int,
        waiting: deque[tuple[int, int, Future[m.MemWriteReply]]],
        progress: Callable[[int], None],
    ) -> None:
        start, size, future = waiting.popleft()
        with _fault_at(address + start, size):
            self.rpc.wait(future, m.MemWriteCall, 20.0)
        progress(start + size)

    def trace_setup(self, uuid: UUID, *, drop: bool) -> None:
        """Names the trace. `drop`: lose events, counted, rather than wait for a slow host."""
        policy = m.TracePolicyFlag.DROP if drop else 0
        low, high = (int.from_bytes(half, "little") for half in (uuid.bytes[:8], uuid.bytes[8:]))
        self.rpc.call(m.TraceSetupCall(low, high, policy))

    def trace_region(self, start: int, size: int, *, ram: bool = False) -> None:
        """Traces reads and writes of [start, start + size): of a device, or of memory (`ram`)."""
        flags = m.RegionFlag.TRACE_READ | m.RegionFlag.TRACE_WRITE
        if ram:
            flags |= m.RegionFlag.RAM
        self.rpc.call(m.RegionAddCall(start, size, flags))

    def change_region(self, start: int, size: int, *, read: bool, write: bool) -> None:
        """From now on traces only reads or writes of the traced bytes of a range; or neither."""
        flags = m.RegionFlag.TRACE_READ if read else 0
        flags |= m.RegionFlag.TRACE_WRITE if write else 0
        self.rpc.call(m.RegionChangeCall(start, size, flags))

    def guest_start(self, entry: int, x0: int) -> int:
        """Enters the guest. Returns the counter just before, in ticks."""
        return self.rpc.call(m.GuestStartCall(entry, x0)).counter

    def flush(self, timeout: float) -> None:
        """Has every CPU send its open trace packet; they have all come when this returns."""
        self.rpc.call(m.FlushCall(), timeout)

    def stats(self, timeout: float = 5.0) -> Stats:
        """Counters since the guest's start."""
        reply = self.rpc.call(m.StatsCall(), timeout)
        if reply.exit_count != len(m.Exit) or len(reply.tail) != 8 * reply.cpu_count * len(m.Exit):
            raise LinkError("stats of a wrong length: is the image as old as this command?")
        counts = unpack(f"<{reply.cpu_count * reply.exit_count}Q", reply.tail)
        exits = {e.name.lower(): list(counts[e :: reply.exit_count]) for e in m.Exit}
        return Stats(reply.counter, reply.guest_vbar, exits)

    def cpu_state(self, timeout: float = 2.0) -> list[m.CpuStateRecord]:
        """Where each CPU is."""
        return list(_records(self.rpc.call(m.CpuStateCall(), timeout)))

    def machine_off(self, timeout: float = 5.0) -> None:
        """Turns the machine off, after it has answered."""
        self.rpc.call(m.MachineOffCall(), timeout)

    def machine_reset(self, timeout: float = 5.0) -> None:
        """Resets the machine, after it has answered."""
        self.rpc.call(m.MachineResetCall(), timeout)


def _records(reply: m.CpuStateReply) -> Iterator[m.CpuStateRecord]:
    size = m.CpuStateRecord.LAYOUT.size
    if len(reply.tail) != reply.cpu_count * size:
        raise LinkError("cpu_state of a wrong length: is the image as old as this command?")
    for start in range(0, len(reply.tail), size):
        yield m.CpuStateRecord.unpack(reply.tail[start : start + size])


@contextmanager
def _fault_at(address: int, size: int) -> Iterator[None]:
    """Turns the status `fault` of a memory call into a GuestFault."""
    try:
        yield
    except RpcError as error:
        if error.status == m.Status.FAULT:
            raise GuestFault(address, size) from None
        raise
