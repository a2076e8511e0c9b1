"""What QEMU's CPU models can do, as far as a guest kernel has to fit them."""

from __future__ import annotations

__all__ = ["page_sizes"]

# Models whose ID_AA64MMFR0_EL1.TGran16 says "no 16K granule". OBSERVED, QEMU 7.2: read through
# the gdb stub of `-M virt -cpu MODEL -S`. All have 4K and 64K; every other model has all three.
_NO_16K = frozenset({"cortex-a53", "cortex-a57", "cortex-a72", "a64fx"})


def page_sizes(cpu: str) -> frozenset[int]:
    """Page sizes in bytes that `cpu`, the value of QEMU's -cpu, can translate with."""
    model = cpu.split(",")[0]
    return frozenset({4096, 65536} if model in _NO_16K else {4096, 16384, 65536})
