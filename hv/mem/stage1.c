/*
 * Vellum's own translation (mem/stage1.h).
 */
#include "mem/stage1.h"

#include "cpu/sysreg.h"
#include "entry/layout.h"
#include "fw/machine.h"
#include "mem/granule.h"
#include "mem/pagetable.h"

/* MAIR_EL2: attribute 0 is Normal write-back, 1 is Device-nGnRnE. */
#define MAIR UINT64_C(0x00ff)
#define RAM (PTE_AF | PTE_INNER_SHAREABLE | S1_ATTR_INDEX(0) | S1_PXN | S1_UXN)
#define RODATA (RAM | S1_READ_ONLY)
#define TEXT (PTE_AF | PTE_INNER_SHAREABLE | S1_ATTR_INDEX(0) | S1_READ_ONLY | S1_UXN)
#define DEVICE (PTE_AF | S1_ATTR_INDEX(1) | S1_PXN | S1_UXN)

static struct pagetable table;

void stage1_build(void)
{
    pagetable_init(&table, granule_shift(), address_bits(), false);
    pagetable_set(&table, 0, address_end(), DEVICE);
    for (unsigned i = 0; i < machine.ram_count; i++)
        pagetable_set(&table, machine.ram[i].start, machine.ram[i].size, RAM);
    pagetable_set(&table, (uint64_t)image_start, (uint64_t)(image_text_end - image_start), TEXT);
    pagetable_set(&table, (uint64_t)image_text_end, (uint64_t)(image_rodata_end - image_text_end),
                  RODATA);
}

void stage1_guard(uint64_t start, uint64_t size)
{
    pagetable_set(&table, start, size, 0);
}

void stage1_enable(void)
{
    sysreg_write(mair_el2, MAIR);
    sysreg_write(ttbr0_el2, table.root);
    sysreg_write(tcr_el2, TCR_T0SZ(table.address_bits) | TCR_WBWA_INNER_SHAREABLE | TCR_EPD1 |
                              (granule_shift() == 12 ? TCR_TG0_4K : TCR_TG0_16K) |
                              (pa_range() << TCR_IPS_SHIFT));
    /* The tables were written with the MMU off: none of them can be in a TLB that we may keep. */
    __asm__ volatile("dsb ishst\n tlbi alle2\n dsb nsh\n ic iallu\n dsb nsh\n isb" : : : "memory");
    sysreg_write(sctlr_el2,
                 SCTLR_RES1 | SCTLR_M | SCTLR_C | SCTLR_I | SCTLR_SA | SCTLR_WXN | SCTLR_SPAN);
    isb();
}
