/*
 * The guest's physical address space (mem/stage2.h).
 */
#include "mem/stage2.h"

#include "cpu/sysreg.h"
#include "entry/layout.h"
#include "fw/machine.h"
#include "mem/granule.h"
#include "mem/pagetable.h"
#include "mem/pool.h"
#include "mmio/region.h"

#define GUEST (PTE_AF | PTE_INNER_SHAREABLE | S2_MEMATTR_NORMAL_WB | S2_READ | S2_WRITE)
#define VMID_GUARDED UINT64_C(1)
#define VMID_OPEN UINT64_C(2)

static struct pagetable guarded, open;

static void close_pages(struct pagetable *table, const struct region *region)
{
    uint64_t page = BIT(table->granule_shift);
    uint64_t start = ALIGN_DOWN(region->start, page);

    pagetable_set(table, start, ALIGN_UP(region->end, page) - start, 0);
}

static void build(struct pagetable *table)
{
    pagetable_init(table, granule_shift(), address_bits(), true);
    pagetable_set(table, 0, address_end(), GUEST);
    pagetable_set(table, vellum_range.start, vellum_range.size, 0);
}

/* Takes the pages of all regions that touch [start, end) out of both. */
static void close_regions(uint64_t start, uint64_t end)
{
    for (const struct region *r = region_next(NULL); r != NULL; r = region_next(r)) {
        if (r->start >= end || r->end <= start)
            continue;
        close_pages(&guarded, r);
        if (r->model != NULL)
            close_pages(&open, r);
    }
}

/* Pairs with the table walks of every CPU: the tables are written before any of them looks. */
static void publish(void)
{
    __asm__ volatile("dsb ishst\n isb" : : : "memory");
}

/* struct pagetable's forget: of all guests, on all CPUs. */
static void forget(void)
{
    __asm__ volatile("dsb ishst\n tlbi alle1is\n dsb ish\n isb" : : : "memory");
}

void stage2_build(void)
{
    build(&guarded);
    build(&open);
    close_regions(0, ~UINT64_C(0));
    publish();
    guarded.forget = open.forget = forget;
}

bool stage2_has_room(void)
{
    /* Each end of a range splits at most a block a level, in both tables; one page for alignment. */
    return pool_left() >= (2 * 2 * 4 + 1) * BIT(guarded.granule_shift);
}

void stage2_update(uint64_t start, uint64_t end)
{
    uint64_t page = BIT(guarded.granule_shift);

    if (guarded.root == NULL)
        return; /* the guest is about to start: stage2_build comes */
    start = ALIGN_DOWN(start, page);
    end = ALIGN_UP(end, page);
    pagetable_set(&guarded, start, end - start, GUEST);
    pagetable_set(&open, start, end - start, GUEST);
    close_regions(start, end);
    publish();
}

static void use(const struct pagetable *table, uint64_t vmid)
{
    sysreg_write(vttbr_el2, (uint64_t)table->root | vmid << VTTBR_VMID_SHIFT);
    isb();
}

void stage2_enable(void)
{
    sysreg_write(vtcr_el2, VTCR_RES1 | TCR_T0SZ(guarded.address_bits) |
                               (uint64_t)pagetable_sl0(&guarded) << VTCR_SL0_SHIFT |
                               TCR_WBWA_INNER_SHAREABLE |
                               (guarded.granule_shift == 12 ? TCR_TG0_4K : TCR_TG0_16K) |
                               pa_range() << VTCR_PS_SHIFT);
    use(&guarded, VMID_GUARDED);
    __asm__ volatile("tlbi alle1\n dsb nsh\n isb" : : : "memory");
}

void stage2_use_open(void)
{
    use(&open, VMID_OPEN);
}

void stage2_use_guarded(void)
{
    use(&guarded, VMID_GUARDED);
}

bool stage2_open_maps(ipa address)
{
    return pagetable_leaf(&open, address.ipa) != 0;
}
