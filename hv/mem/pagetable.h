/*
 * Translation tables of the VMSAv8-64 format, 4K or 16K granule, stage 1 or stage 2
 * (DDI 0487, "The AArch64 Virtual Memory System Architecture").
 */
#ifndef VELLUM_MEM_PAGETABLE_H
#define VELLUM_MEM_PAGETABLE_H

#include "lib/types.h"

#define PTE_VALID BIT(0)
#define PTE_TABLE BIT(1) /* at levels 0..2; at level 3 it marks a page */
#define PTE_AF BIT(10)
#define PTE_INNER_SHAREABLE (UINT64_C(3) << 8)

/* Stage 1, EL2&0 */
#define S1_ATTR_INDEX(n) ((uint64_t)(n) << 2)
#define S1_READ_ONLY BIT(7)
#define S1_PXN BIT(53)
#define S1_UXN BIT(54)

/* Stage 2 */
#define S2_MEMATTR_NORMAL_WB (UINT64_C(0xf) << 2)
#define S2_READ BIT(6)
#define S2_WRITE BIT(7)

struct pagetable {
    /*
     * Forgets every translation of this table on every CPU. NULL while no CPU uses the table; with
     * it, entries are changed break-before-make (DDI 0487, "Using break-before-make when updating
     * translation table entries").
     */
    void (*forget)(void);
    uint64_t *root;
    uint64_t *unused;       /* tables taken out of use, linked by their first word */
    unsigned granule_shift; /* 12 or 14 */
    unsigned address_bits;  /* of the input address */
    unsigned start_level;
    unsigned root_count; /* concatenated tables at the start level, stage 2 only */
};

/*
 * An empty table for input addresses of `address_bits`. With `concatenate` up to 16 tables stand
 * side by side at the first level, as stage 2 may have.
 */
void pagetable_init(struct pagetable *table, unsigned granule_shift, unsigned address_bits,
                    bool concatenate);

/*
 * Maps [start, start + size) to itself with `attributes` (0: not at all), in the largest blocks,
 * splitting those that reach beyond. Multiples of the granule. What no input address reaches is left
 * out. The guest must not run meanwhile: it would miss a translation between break and make.
 */
void pagetable_set(struct pagetable *table, uint64_t start, uint64_t size, uint64_t attributes);

/*
 * VTCR_EL2.SL0 for the table's start level: 0, 1, 2 is level 2, 1, 0 with the 4K granule, and
 * level 3, 2, 1 with 16K (DDI 0487, VTCR_EL2).
 */
unsigned pagetable_sl0(const struct pagetable *table);

/* The leaf entry for `address`, 0 where nothing is mapped. */
uint64_t pagetable_leaf(const struct pagetable *table, uint64_t address);

#endif
