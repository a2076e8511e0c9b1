/*
 * Translation tables (mem/pagetable.h).
 */
#include "mem/pagetable.h"

#include "mem/pool.h"

#define PTE_ADDRESS UINT64_C(0x0000fffffffff000)
/* Attributes of a leaf: all but the address, and the two bits that tell what the entry is. */
#define PTE_ATTRIBUTES (~(PTE_ADDRESS | 3))

static unsigned index_bits(const struct pagetable *table)
{
    return table->granule_shift - 3;
}

/* log2 of what one entry of `level` spans. */
static unsigned level_shift(const struct pagetable *table, unsigned level)
{
    return table->granule_shift + (3 - level) * index_bits(table);
}

/* Levels that may hold a block: 1 and 2 with the 4K granule, 2 with 16K (both without FEAT_LPA2). */
static bool level_has_blocks(const struct pagetable *table, unsigned level)
{
    return level == 2 || (level == 1 && table->granule_shift == 12);
}

void pagetable_init(struct pagetable *table, unsigned granule_shift, unsigned address_bits,
                    bool concatenate)
{
    unsigned more = concatenate ? 4 : 0;
    unsigned level = 3;

    table->granule_shift = granule_shift;
    table->address_bits = address_bits;
    while (level > 0 && address_bits > level_shift(table, level) + index_bits(table) + more)
        level--;
    table->start_level = level;
    table->root_count = 1;
    if (address_bits > level_shift(table, level) + index_bits(table))
        table->root_count = 1U << (address_bits - level_shift(table, level) - index_bits(table));
    table->root = pool_take((uint64_t)table->root_count << granule_shift,
                            (uint64_t)table->root_count << granule_shift);
}

static uint64_t leaf(unsigned level, uint64_t address, uint64_t attributes)
{
    if (attributes == 0)
        return 0;
    return address | attributes | PTE_VALID | (level == 3 ? PTE_TABLE : 0);
}

/* The table under *entry; where a block or nothing is, a new one that means the same. */
static uint64_t *next_table(struct pagetable *table, unsigned level, uint64_t *entry)
{
    uint64_t granule = BIT(table->granule_shift);
    uint64_t step = BIT(level_shift(table, level + 1));
    uint64_t *lower;

    if ((*entry & (PTE_VALID | PTE_TABLE)) == (PTE_VALID | PTE_TABLE))
        return (uint64_t *)(*entry & PTE_ADDRESS);
    lower = pool_take(granule, granule);
    if (*entry & PTE_VALID) {
        for (uint64_t i = 0; i < granule / 8; i++)
            lower[i] = leaf(level + 1, (*entry & PTE_ADDRESS) + i * step, *entry & PTE_ATTRIBUTES);
    }
    *entry = (uint64_t)lower | PTE_VALID | PTE_TABLE;
    return lower;
}

/* Sets [start, end) in the table that begins at `base`. */
static void set_level(struct pagetable *table, uint64_t *entries, unsigned level, uint64_t base,
                      uint64_t start, uint64_t end, uint64_t attributes)
{
    uint64_t span = BIT(level_shift(table, level));

    for (uint64_t at = ALIGN_DOWN(start, span); at < end; at += span) {
        uint64_t *entry = &entries[(at - base) / span];
        uint64_t from = at < start ? start : at;
        uint64_t to = at + span < end ? at + span : end;
        bool whole = from == at && to == at + span;

        if (level == 3 || (whole && (level_has_blocks(table, level) || attributes == 0)))
            *entry = leaf(level, at, attributes);
        else
            set_level(table, next_table(table, level, entry), level + 1, at, from, to, attributes);
    }
}

void pagetable_set(struct pagetable *table, uint64_t start, uint64_t size, uint64_t attributes)
{
    uint64_t top = BIT(table->address_bits);

    if (start >= top)
        return;
    if (size > top - start)
        size = top - start;
    set_level(table, table->root, table->start_level, 0, start, start + size, attributes);
}

unsigned pagetable_sl0(const struct pagetable *table)
{
    return (table->granule_shift == 12 ? 2 : 3) - table->start_level;
}

uint64_t pagetable_leaf(const struct pagetable *table, uint64_t address)
{
    const uint64_t *entries = table->root;

    if (address >> table->address_bits)
        return 0;
    for (unsigned level = table->start_level;; level++) {
        uint64_t span = BIT(level_shift(table, level));
        uint64_t in_table =
            level == table->start_level ? address : address & (span * BIT(index_bits(table)) - 1);
        uint64_t entry = entries[in_table / span];

        if (!(entry & PTE_VALID) || level == 3 || !(entry & PTE_TABLE))
            return entry & PTE_VALID ? entry : 0;
        entries = (const uint64_t *)(entry & PTE_ADDRESS);
    }
}
