/* The payload's own page table; see mmu.c. */
#ifndef PAYLOADS_LIB_MMU_H
#define PAYLOADS_LIB_MMU_H

#include <stdint.h>

/* Added to an address: the same place as Normal Non-cacheable memory. */
#define MMU_NORMAL (UINT64_C(1) << 38)

void mmu_build(uint64_t fdt);
void mmu_enable(void);

#endif
