/*
 * Translation tables (mem/pagetable.h).
 */
#include "mem/pagetable.h"

#include <string.h>

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

    *table = (struct pagetable){.granule_shift = granule_shift, .address_bits = address_bits};
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

static uint64_t *new_table(struct pagetable *table)
{
    uint64_t granule = BIT(table->granule_shift);
    uint64_t *entries = table->unused;

    if (entries == NULL)
        return pool_take(granule, granule);
    table->unused = (uint64_t *)entries[0];
    return memset(entries, 0, granule);
}

static bool is_table(uint64_t entry, unsigned level)
{
    return level < 3 && (entry & (PTE_VALID | PTE_TABLE)) == (PTE_VALID | PTE_TABLE);
}

/* Gives a table and those below it back. */
static void drop_table(struct pagetable *table, uint64_t *entries, unsigned level)
{
    for (uint64_t i = 0; i < BIT(index_bits(table)); i++) {
        if (is_table(entries[i], level))
            drop_table(table, (uint64_t *)(entries[i] & PTE_ADDRESS), level + 1);
    }
    entries[0] = (uint64_t)table->unused;
    table->unused = entries;
}

/*
 * Writes an entry of `level`. Where a valid one was, no CPU may have it any more before the new one
 * is there, nor before the table that it pointed to is used again.
 */
static void replace(struct pagetable *table, unsigned level, uint64_t *entry, uint64_t value)
{
    uint64_t old = *entry;

    if (table->forget != NULL && (old & PTE_VALID) && old != value) {
        *(volatile uint64_t *)entry = 0;
        table->forget();
    }
    /* A walk that finds the new table must find what is in it. */
    __atomic_thread_fence(__ATOMIC_RELEASE);
    *(volatile uint64_t *)entry = value;
    if (is_table(old, level) && !is_table(value, level))
        drop_table(table, (uint64_t *)(old & PTE_ADDRESS), level + 1);
}

/* The table under *entry; where a block or nothing is, a new one that means the same. */
static uint64_t *next_table(struct pagetable *table, unsigned level, uint64_t *entry)
{
    uint64_t step = BIT(level_shift(table, level + 1));
    uint64_t *lower;

    if (is_table(*entry, level))
        return (uint64_t *)(*entry & PTE_ADDRESS);
    lower = new_table(table);
    if (*entry & PTE_VALID) {
        for (uint64_t i = 0; i < BIT(index_bits(table)); i++)
            lower[i] = leaf(level + 1, (*entry & PTE_ADDRESS) + i * step, *entry & PTE_ATTRIBUTES);
    }
    replace(table, level, entry, (uint64_t)lower | PTE_VALID | PTE_TABLE);
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
            replace(table, level, entry, leaf(level, at, attributes));
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
