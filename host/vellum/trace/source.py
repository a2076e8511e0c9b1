"""A trace as the commands read it: opened, its numbers named, and only what is wanted of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vellum.trace.clock import Clock
from vellum.trace.context import Context, load_context
from vellum.trace.decode import Block
from vellum.trace.filter import Filter, Wanted, compile_filter
from vellum.trace.names import Names
from vellum.trace.reader import Trace, open_trace

__all__ = ["Source", "open_source"]


@dataclass(frozen=True, slots=True)
class Source:
    """A trace, its names, its clock, and the filter. Times begin at the guest's start, if known."""

    trace: Trace
    context: Context
    names: Names
    clock: Clock
    filter: Filter

    def blocks(self) -> Iterator[Block]:
        """The events that are wanted, in order of time; may be read again."""
        for block in self.trace.blocks(self.filter.cpus, self.filter.window):
            kept = self.filter.keep(block)
            if len(kept):
                yield kept

    def lost(self) -> Iterator[str]:
        """What the events read so far do not tell, a line each."""
        for cpu, stream in sorted(self.trace.streams.items()):
            if stream.discarded:
                yield f"CPU {cpu}: {stream.discarded:,} events were dropped, as the host was slow"
            if stream.missing:
                yield f"CPU {cpu}: {stream.missing:,} packets are missing"
        yield from map(str, self.trace.damage)


def open_source(directory: Path, wanted: Wanted | None = None, svd: Path | None = None) -> Source:
    """Opens a trace; `svd`: a CMSIS-SVD file of registers. UsageError: one cannot be used."""
    trace = open_trace(directory)
    context = load_context(directory, svd)
    names = Names(context.devices, context.symbols, context.registers)
    start = context.start if context.start is not None else trace.begin()
    clock = Clock(trace.counter_hz, start or 0)
    chosen = compile_filter(wanted or Wanted(), names, context.devices, context.symbols, clock)
    return Source(trace, context, names, clock, chosen)
