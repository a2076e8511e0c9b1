/*
 * What this CPU's MMU can do (ID_AA64MMFR0_EL1), and what Vellum makes of it.
 */
#ifndef VELLUM_MEM_GRANULE_H
#define VELLUM_MEM_GRANULE_H

#include "cpu/sysreg.h"
#include "fw/machine.h"

/* ID_AA64MMFR0_EL1.PARange, at most 48 bits: more needs FEAT_LPA's table format. */
static inline uint64_t pa_range(void)
{
    uint64_t range = id_field(id_aa64mmfr0_el1, 0);

    return range > 5 ? 5 : range;
}

/* log2 of the granule of both stages: 4K where the CPU has it at both, else 16K. */
static inline unsigned granule_shift(void)
{
    uint64_t stage1_4k = id_field(id_aa64mmfr0_el1, 28);
    uint64_t stage2_4k = id_field(id_aa64mmfr0_el1, 40); /* 0: as stage 1, 1: not there */

    return stage1_4k != 0xf && stage2_4k != 1 ? 12 : 14;
}

/* Bits of every address that the machine names: from 32, at most what the CPU has. */
static inline unsigned address_bits(void)
{
    static const uint8_t pa_bits[] = {32, 36, 40, 42, 44, 48};
    unsigned bits = 32;

    while (bits < pa_bits[pa_range()] && (machine.address_top - 1) >> bits != 0)
        bits++;
    return bits;
}

/* One past the last address to map, a multiple of the granule: the FDT may name what no CPU has. */
static inline uint64_t address_end(void)
{
    uint64_t top = BIT(address_bits());

    return machine.address_top < top ? ALIGN_UP(machine.address_top, BIT(granule_shift())) : top;
}

#endif
