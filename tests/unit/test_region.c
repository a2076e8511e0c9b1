/* The table of watched ranges, against a map that knows what happens to each single byte. */
#include "mmio/region.h"

#include <string.h>

#include "link/messages.h"
#include "test.h"

/* The source itself: a table that is filled once has no function that empties it. */
#include "../../hv/mmio/region.c"

#define BYTES 300

/* What is at each byte; `watched` where a region is. */
static struct {
    bool watched;
    uint64_t flags;
    mmio_model *model;
    uint64_t exit;
} map[BYTES];

static bool model_a(struct mmio_access *access)
{
    return access->write;
}

static bool model_b(struct mmio_access *access)
{
    return !access->write;
}

static void reset(void)
{
    memset(table, 0, sizeof(table));
    memset(map, 0, sizeof(map));
    count = 0;
}

/* A copy of what is in the table, to see that a refusal leaves it alone. */
static bool unchanged(const struct region *before, unsigned count_before)
{
    return count == count_before && memcmp(before, table, count * sizeof(table[0])) == 0;
}

static unsigned add(uint64_t start, uint64_t end, uint64_t flags, mmio_model *model)
{
    const struct region region = {start, end, flags, model,
                                  model ? EXIT_MMIO_EMULATED : EXIT_MMIO_UNTRACED};

    return region_add(&region);
}

/* What region_add is to answer, and does to the map. */
static unsigned add_to_map(const struct region *region)
{
    if (region->start >= region->end)
        return STATUS_BAD_ARGUMENT;
    for (uint64_t at = region->start; at < region->end; at++) {
        if ((map[at].flags && region->flags) || (map[at].model && region->model))
            return STATUS_OVERLAP;
    }
    for (uint64_t at = region->start; at < region->end; at++) {
        if (!map[at].watched || region->model)
            map[at].exit = region->exit;
        map[at].watched = true;
        map[at].flags |= region->flags;
        if (region->model)
            map[at].model = region->model;
    }
    return STATUS_OK;
}

static void expect_byte(uint64_t at)
{
    struct region found;

    region_find(at, &found);
    EXPECT(found.start <= at && at < found.end);
    EXPECT_EQ(found.flags, map[at].flags);
    EXPECT(found.model == map[at].model);
    EXPECT_EQ(found.exit, map[at].watched ? map[at].exit : EXIT_MMIO_UNTRACED);
    /* All that it claims to hold is the same. */
    for (uint64_t other = found.start; other < found.end && other < BYTES; other++) {
        EXPECT_EQ(map[other].watched, map[at].watched);
        EXPECT_EQ(map[other].flags, map[at].flags);
        EXPECT(map[other].model == map[at].model);
    }
    if (map[at].watched)
        return;
    /* A gap reaches as far as nothing is watched. */
    EXPECT(found.start == 0 || map[found.start - 1].watched);
    EXPECT(found.end == ~UINT64_C(0) || map[found.end].watched);
}

static void expect_sorted(void)
{
    uint64_t end = 0, watched = 0, in_map = 0;

    for (const struct region *r = region_next(NULL); r != NULL; r = region_next(r)) {
        EXPECT(r->start >= end && r->start < r->end);
        end = r->end;
        watched += r->end - r->start;
    }
    for (unsigned at = 0; at < BYTES; at++)
        in_map += map[at].watched;
    EXPECT_EQ(watched, in_map);
}

TEST(any_order_of_additions_gives_what_a_map_of_bytes_gives)
{
    static struct region before[MAX_REGIONS];

    for (uint64_t round = 0; round < 150; round++) {
        uint64_t seed = round;
        unsigned longest = round % 2 ? 80 : 8;

        reset();
        for (unsigned i = 0; i < 40; i++) {
            uint64_t start = test_random(&seed) % (BYTES - longest);
            unsigned kind = test_random(&seed) % 3;
            struct region region = {
                .start = start,
                .end = start + test_random(&seed) % (longest + 1),
                .flags = kind == 0 ? 0 : test_random(&seed) % 3 + 1,
                .model = kind == 1 ? NULL : (test_random(&seed) % 2 ? model_a : model_b),
                .exit = test_random(&seed) % EXIT_COUNT,
            };
            unsigned count_before = count;

            memcpy(before, table, sizeof(before));
            unsigned status = region_add(&region);
            EXPECT_EQ(status, add_to_map(&region));
            if (status != STATUS_OK)
                EXPECT(unchanged(before, count_before));
            expect_sorted();
        }
        for (uint64_t at = 0; at < BYTES; at++)
            expect_byte(at);
    }
}

TEST(an_empty_table_is_one_gap)
{
    struct region found;

    reset();
    region_find(0x9000000, &found);
    EXPECT_EQ(found.start, 0);
    EXPECT_EQ(found.end, ~UINT64_C(0));
    EXPECT_EQ(found.flags, 0);
    EXPECT(found.model == NULL);
    EXPECT(region_next(NULL) == NULL);
}

TEST(a_trace_over_a_model_keeps_the_model)
{
    struct region found;

    reset();
    EXPECT_EQ(add(0x1000, 0x2000, 0, model_a), STATUS_OK);
    EXPECT_EQ(add(0x0800, 0x2800, REGION_TRACE_READ, NULL), STATUS_OK);
    region_find(0x1800, &found);
    EXPECT_EQ(found.start, 0x1000);
    EXPECT_EQ(found.end, 0x2000);
    EXPECT_EQ(found.flags, REGION_TRACE_READ);
    EXPECT(found.model == model_a);
    EXPECT_EQ(found.exit, EXIT_MMIO_EMULATED);
    region_find(0x2000, &found);
    EXPECT(found.model == NULL);
    EXPECT_EQ(found.end, 0x2800);
}

TEST(the_highest_addresses_can_be_watched)
{
    struct region found;

    reset();
    EXPECT_EQ(add(UINT64_MAX - 8, UINT64_MAX, REGION_TRACE_READ, NULL), STATUS_OK);
    region_find(UINT64_MAX - 1, &found);
    EXPECT_EQ(found.flags, REGION_TRACE_READ);
    region_find(UINT64_MAX - 9, &found);
    EXPECT_EQ(found.start, 0);
    EXPECT_EQ(found.end, UINT64_MAX - 8);
}

TEST(a_full_table_refuses_and_stays_as_it_is)
{
    static struct region before[MAX_REGIONS];
    unsigned full = 0;

    reset();
    while (add(0x1000 + full * 16, 0x1008 + full * 16, REGION_TRACE_READ, NULL) == STATUS_OK)
        full++;
    EXPECT(full >= MAX_REGIONS - 3); /* ranges that lie apart take one entry each */
    memcpy(before, table, sizeof(before));
    /* Over all of them: a segment for every gap, which is twice what there is. */
    EXPECT_EQ(add(0, 0x100000, 0, model_a), STATUS_NO_ROOM);
    EXPECT(unchanged(before, full));
}

/* What region_change is to answer, and does to the map. */
static unsigned change_map(uint64_t start, uint64_t end, uint64_t flags)
{
    unsigned status = STATUS_BAD_ARGUMENT;

    for (uint64_t at = start; at < end; at++) {
        if (!map[at].flags)
            continue;
        map[at].flags = flags;
        map[at].watched = flags != 0 || map[at].model != NULL;
        status = STATUS_OK;
    }
    return status;
}

TEST(any_order_of_additions_and_changes_gives_what_a_map_of_bytes_gives)
{
    for (uint64_t round = 0; round < 150; round++) {
        uint64_t seed = round + 1000;

        reset();
        for (unsigned i = 0; i < 60; i++) {
            uint64_t start = test_random(&seed) % (BYTES - 60);
            uint64_t end = start + 1 + test_random(&seed) % 60;
            uint64_t flags = test_random(&seed) % 4;

            if (test_random(&seed) % 2) {
                EXPECT_EQ(region_change(start, end, flags), change_map(start, end, flags));
            } else {
                mmio_model *model = flags ? NULL : model_a;
                const struct region region = {start, end, flags, model,
                                              model ? EXIT_MMIO_EMULATED : EXIT_MMIO_UNTRACED};

                EXPECT_EQ(region_add(&region), add_to_map(&region));
            }
            expect_sorted();
        }
        for (uint64_t at = 0; at < BYTES; at++)
            expect_byte(at);
        region_change(0, BYTES, 0);
        for (const struct region *r = region_next(NULL); r != NULL; r = region_next(r))
            EXPECT(r->model != NULL);
    }
}
