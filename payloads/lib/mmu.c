/*
 * The MMU of a payload: one table of 1 GiB blocks, an identity map of the low 256 GiB, so that
 * memory is cacheable, unaligned accesses to it work and locks between CPUs are as they should be.
 *
 * The GiB of the image and those of the FDT are Normal memory, all others Device-nGnRE. A second
 * map of the same 256 GiB, at MMU_NORMAL, is Normal Non-cacheable: there an access may be unaligned
 * even to a device. Called from start.S; mmu_build runs with the MMU off.
 */
#include "lib/mmu.h"

#include "lib/cpu.h"

#define GIB_SHIFT 30
#define GIBS 256

/* VMSAv8-64 block descriptor, level 1 (Arm ARM D8.3) */
#define BLOCK UINT64_C(1)
#define ATTR_INDEX(n) ((uint64_t)(n) << 2)
#define INNER_SHAREABLE (UINT64_C(3) << 8)
#define ACCESSED BIT(10)
#define EXECUTE_NEVER (BIT(53) | BIT(54))

/* MAIR_EL1: index 0 Device-nGnRE, 1 Normal write-back, 2 Normal non-cacheable */
#define MAIR UINT64_C(0x44ff04)
enum { ATTR_DEVICE, ATTR_NORMAL, ATTR_NON_CACHEABLE };

/* TCR_EL1: 39-bit addresses (T0SZ = 25), 4K granule, cacheable inner-shareable walks, no TTBR1 */
#define TCR (UINT64_C(25) | 1 << 8 | 1 << 10 | 3 << 12 | BIT(23))
#define TCR_IPS_SHIFT 32

#define SCTLR_M BIT(0)
#define SCTLR_C BIT(2)
#define SCTLR_I BIT(12)

#define CPACR_FPEN (UINT64_C(3) << 20)
#define FDT_MAX_SIZE 0x200000

static uint64_t table[2 * GIBS] __attribute__((aligned(4096)));

extern const char image[], __image_end[];

void mmu_build(uint64_t fdt)
{
    for (uint64_t i = 0; i < GIBS; i++) {
        uint64_t block = i << GIB_SHIFT | BLOCK | ACCESSED | INNER_SHAREABLE;
        table[i] = block | ATTR_INDEX(ATTR_DEVICE) | EXECUTE_NEVER;
        table[GIBS + i] = block | ATTR_INDEX(ATTR_NON_CACHEABLE) | EXECUTE_NEVER;
    }
    const uint64_t memory[] = {(uint64_t)image, (uint64_t)__image_end, fdt, fdt + FDT_MAX_SIZE - 1};
    for (unsigned i = 0; i < sizeof(memory) / sizeof(memory[0]); i++) {
        uint64_t gib = memory[i] >> GIB_SHIFT;
        if (gib < GIBS)
            table[gib] =
                gib << GIB_SHIFT | BLOCK | ACCESSED | INNER_SHAREABLE | ATTR_INDEX(ATTR_NORMAL);
    }
}

void mmu_enable(void)
{
    uint64_t pa_range = sysreg_read(id_aa64mmfr0_el1) & 7;
    extern const char vectors[];

    sysreg_write(mair_el1, MAIR);
    sysreg_write(tcr_el1, TCR | pa_range << TCR_IPS_SHIFT);
    sysreg_write(ttbr0_el1, table);
    sysreg_write(vbar_el1, vectors);
    sysreg_write(cpacr_el1, CPACR_FPEN);
    isb();
    __asm__ volatile("tlbi vmalle1; ic iallu; dsb nsh; isb" : : : "memory");
    sysreg_write(sctlr_el1, SCTLR_EL1_RES1 | SCTLR_M | SCTLR_C | SCTLR_I);
    isb();
}
