/*
 * The table of watched ranges: sorted segments that never overlap, so that a look-up is a binary
 * search. While the guest runs it changes only with the world stopped (cpu/world.h).
 */
#include "mmio/region.h"

#include <string.h>

#include "link/messages.h"

static struct region table[MAX_REGIONS];
static unsigned count;

/* The first segment that ends behind `address`: it holds the address, or is the next above it. */
static unsigned search(uint64_t address)
{
    unsigned low = 0, high = count;

    while (low < high) {
        unsigned middle = (low + high) / 2;

        if (address < table[middle].end)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

void region_find(uint64_t address, struct region *out)
{
    unsigned i = search(address);

    if (i < count && table[i].start <= address) {
        *out = table[i];
        return;
    }
    *out = (struct region){
        .start = i == 0 ? 0 : table[i - 1].end,
        .end = i == count ? ~UINT64_C(0) : table[i].start,
        .exit = EXIT_MMIO_UNTRACED,
    };
}

const struct region *region_next(const struct region *previous)
{
    unsigned index = previous == NULL ? 0 : (unsigned)(previous - table) + 1;

    return index < count ? &table[index] : NULL;
}

static void insert(unsigned index, const struct region *region)
{
    memmove(&table[index + 1], &table[index], (count - index) * sizeof(table[0]));
    table[index] = *region;
    count++;
}

/* Makes `address` a boundary: a segment that spans it becomes two. */
static void split(uint64_t address)
{
    unsigned i = search(address);
    struct region upper;

    if (i == count || table[i].start >= address)
        return;
    upper = table[i];
    upper.start = address;
    table[i].end = address;
    insert(i + 1, &upper);
}

static bool overlaps(const struct region *region)
{
    for (unsigned i = search(region->start); i < count && table[i].start < region->end; i++) {
        if ((table[i].flags && region->flags) || (table[i].model && region->model))
            return true;
    }
    return false;
}

/* Segments more, at most: two splits, and a gap before, between and behind those that lie in it. */
static unsigned room_for(const struct region *region)
{
    unsigned room = 3;

    for (unsigned i = search(region->start); i < count && table[i].start < region->end; i++)
        room++;
    return room;
}

static bool can_merge(const struct region *a, const struct region *b)
{
    return a->end == b->start && a->flags == b->flags && a->model == b->model && a->exit == b->exit;
}

/* Drops segments that watch nothing, and joins those that say the same. */
static void tidy(void)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < count; i++) {
        if (table[i].flags == 0 && table[i].model == NULL)
            continue;
        if (kept > 0 && can_merge(&table[kept - 1], &table[i]))
            table[kept - 1].end = table[i].end;
        else
            table[kept++] = table[i];
    }
    count = kept;
}

unsigned region_add(const struct region *region)
{
    uint64_t at = region->start;

    if (region->start >= region->end)
        return STATUS_BAD_ARGUMENT;
    if (overlaps(region))
        return STATUS_OVERLAP;
    if (count + room_for(region) > MAX_REGIONS)
        return STATUS_NO_ROOM;
    split(region->start);
    split(region->end);

    for (unsigned i = search(at); at < region->end; i++) {
        if (i < count && table[i].start == at) {
            table[i].flags |= region->flags;
            if (region->model != NULL) {
                table[i].model = region->model;
                table[i].exit = region->exit;
            }
        } else {
            struct region gap = *region;

            gap.start = at;
            if (i < count && table[i].start < gap.end)
                gap.end = table[i].start;
            insert(i, &gap);
        }
        at = table[i].end;
    }
    return STATUS_OK;
}

unsigned region_change(uint64_t start, uint64_t end, uint64_t flags)
{
    bool found = false;

    if (count + 2 > MAX_REGIONS)
        return STATUS_NO_ROOM;
    split(start);
    split(end);
    for (unsigned i = search(start); i < count && table[i].start < end; i++) {
        if (table[i].flags != 0) {
            table[i].flags = flags == 0 ? 0 : flags | (table[i].flags & REGION_RAM);
            found = true;
        }
    }
    tidy();
    return found ? STATUS_OK : STATUS_BAD_ARGUMENT;
}
