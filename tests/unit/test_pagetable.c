/*
 * Translation tables, against two outsiders: a walk as the Arm ARM's pseudocode does it (DDI 0487,
 * shared and aarch64/translation/walk: AArch64.S1Walk, AArch64.S2Walk and what they call, without
 * FEAT_LPA2 and FEAT_TTST), and a list of ranges that says what is mapped.
 */
#include "mem/pagetable.h"

#include <stdlib.h>
#include <string.h>

#include "mem/pool.h"
#include "test.h"

#define FINAL_LEVEL 3
#define ENTRY_ADDRESS (FIELD(~UINT64_C(0), 47, 12) << 12)
#define ATTRIBUTES_A (PTE_AF | PTE_INNER_SHAREABLE | S1_ATTR_INDEX(0) | S1_PXN | S1_UXN)
#define ATTRIBUTES_B (PTE_AF | S1_ATTR_INDEX(1) | S1_READ_ONLY | S1_UXN)

/* --- the pool: tables of this test, freed by the next -------------------------------------- */

static void *taken[4096];
static unsigned taken_count;

void *pool_take(uint64_t size, uint64_t align)
{
    void *memory = aligned_alloc(align, size);

    EXPECT(memory != NULL && taken_count < ARRAY_SIZE(taken));
    taken[taken_count++] = memory;
    return memset(memory, 0, size);
}

static void free_all(void)
{
    while (taken_count > 0)
        free(taken[--taken_count]);
}

/* --- the walk of the manual ---------------------------------------------------------------- */

/* What the walk is told: registers of a stage, nothing of Vellum's struct. */
struct stage {
    bool two;
    uint64_t base;        /* TTBR0_EL2.BADDR, VTTBR_EL2.BADDR */
    unsigned granulebits; /* TG0 */
    unsigned txsz;        /* T0SZ */
    unsigned sl0;         /* VTCR_EL2.SL0 */
    unsigned pamax;
};

/* The end of a walk. span: log2 of what the entry that ended it is about. */
struct walk {
    bool mapped;
    uint64_t output;
    uint64_t attributes;
    unsigned span;
    unsigned level;
};

static unsigned iasize(const struct stage *stage)
{
    return 64 - stage->txsz;
}

/* AArch64.S1StartLevel, AArch64.S2StartLevel */
static int start_level(const struct stage *stage)
{
    if (!stage->two)
        return FINAL_LEVEL -
               (int)((iasize(stage) - 1 - stage->granulebits) / (stage->granulebits - 3));
    return stage->granulebits == 12 ? (int[]){2, 1, 0, 3}[stage->sl0] : 3 - (int)stage->sl0;
}

/* AArch64.S2InvalidSL */
static bool invalid_sl(const struct stage *stage)
{
    if (stage->granulebits == 12)
        return stage->sl0 == 3 || (stage->sl0 == 2 && stage->pamax < 44);
    return stage->sl0 == 3 || (stage->sl0 == 2 && stage->pamax < 42);
}

/* AArch64.S2InconsistentSL: at most 16 tables are concatenated, and the first is not empty. */
static bool inconsistent_sl(const struct stage *stage)
{
    unsigned levels = (unsigned)(FINAL_LEVEL - start_level(stage));
    unsigned stride = stage->granulebits - 3;
    unsigned least = levels * stride + stage->granulebits + 1;

    return iasize(stage) < least || iasize(stage) > least + stride - 1 + 4;
}

/* AArch64.TTEntryAddress, AArch64.S2SLTTEntryAddress; bits of the index, with *lsb the lowest. */
static uint64_t entry_index(const struct stage *stage, int level, uint64_t ia, unsigned *lsb)
{
    unsigned stride = stage->granulebits - 3;
    unsigned msb;

    *lsb = (unsigned)(FINAL_LEVEL - level) * stride + stage->granulebits;
    msb = *lsb + stride - 1;
    if (msb > iasize(stage) - 1 || (stage->two && level == start_level(stage)))
        msb = iasize(stage) - 1;
    return FIELD(ia, msb, *lsb);
}

/* DecodeDescriptorType: whether 0b01 is a block there. */
static bool block_allowed(const struct stage *stage, int level)
{
    return level == 2 || (stage->granulebits == 12 && level == 1);
}

static uint64_t read_entry(uint64_t address)
{
    return *(const uint64_t *)address;
}

static struct walk walk(const struct stage *stage, uint64_t ia)
{
    uint64_t base = stage->base;

    for (int level = start_level(stage);; level++) {
        unsigned lsb;
        uint64_t entry = read_entry(base + 8 * entry_index(stage, level, ia, &lsb));
        bool table = (entry & 3) == 3 && level < FINAL_LEVEL;
        bool block = (entry & 3) == 1 && level < FINAL_LEVEL;

        if (table) {
            /* What the manual ignores or reserves in a table's entry is 0. */
            EXPECT_EQ(entry >> 48, 0);
            EXPECT_EQ(FIELD(entry, stage->granulebits - 1, 2), 0);
            base = entry & ~(BIT(stage->granulebits) - 1);
            continue;
        }
        if (block)
            EXPECT(block_allowed(stage, level));
        if (!(entry & 1)) {
            EXPECT_EQ(entry, 0);
            return (struct walk){.span = lsb, .level = (unsigned)level};
        }
        EXPECT(level < FINAL_LEVEL || (entry & 3) == 3); /* 0b01 is reserved at level 3 */
        /* Bits of the output address below the block's size are RES0 from bit 12 on. */
        EXPECT_EQ((entry & (BIT(lsb) - 1)) >> 12, 0);
        return (struct walk){
            .mapped = true,
            .output = (FIELD(entry, 47, lsb) << lsb) | (ia & (BIT(lsb) - 1)),
            .attributes = entry & ~ENTRY_ADDRESS & ~UINT64_C(3),
            .span = lsb,
            .level = (unsigned)level,
        };
    }
}

/* --- the list of ranges -------------------------------------------------------------------- */

#define MAX_CUTS 40

struct model {
    uint64_t cut[MAX_CUTS]; /* rising; the first is 0, the last the end of the address space */
    uint64_t attributes[MAX_CUTS];
    unsigned count;
};

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static uint64_t random64(uint64_t *seed)
{
    uint64_t high = test_random(seed);

    return high << 33 ^ (uint64_t)test_random(seed) << 2 ^ test_random(seed);
}

/*
 * Multiples of the granule, many of them of some block too, some side by side. In a large address
 * space they lie at its bottom, in its middle and at its top: mapping all of it takes too many tables.
 */
static uint64_t random_cut(uint64_t *seed, unsigned granulebits, unsigned bits)
{
    static const unsigned shifts[] = {21, 25, 30, 36, 39};
    uint64_t cut = random64(seed) & (BIT(bits) - 1);
    uint64_t place = bits > 40 ? (uint64_t[]){0, BIT(bits - 1), BIT(bits) - BIT(40)}[cut % 3] : 0;
    unsigned shift = test_random(seed) % 2 ? granulebits : shifts[test_random(seed) % 5];

    if (bits > 40)
        cut = place + (cut & (BIT(40) - 1));
    if (shift >= bits)
        shift = granulebits;
    cut = ALIGN_DOWN(cut, BIT(shift));
    if (test_random(seed) % 3 == 0)
        cut += (test_random(seed) % 3) << granulebits;
    return cut & (BIT(bits) - 1);
}

static void model_init(struct model *model, uint64_t *seed, unsigned granulebits, unsigned bits)
{
    unsigned kept = 0;

    model->count = 12;
    for (unsigned i = 1; i < model->count - 1; i++)
        model->cut[i] = random_cut(seed, granulebits, bits);
    model->cut[0] = 0;
    model->cut[model->count - 1] = BIT(bits);
    qsort(model->cut, model->count, sizeof(model->cut[0]), by_value);
    for (unsigned i = 0; i < model->count; i++) {
        if (kept == 0 || model->cut[i] != model->cut[kept - 1])
            model->cut[kept++] = model->cut[i];
    }
    model->count = kept;
    memset(model->attributes, 0, sizeof(model->attributes));
}

/* Every address, entry by entry of the tables: as the model has it. */
static void expect_as_model(const struct stage *stage, const struct model *model)
{
    unsigned cell = 0;

    for (uint64_t at = 0; at < BIT(iasize(stage));) {
        struct walk found = walk(stage, at);
        uint64_t last = (at | (BIT(found.span) - 1));

        while (model->cut[cell + 1] <= at)
            cell++;
        /* What one entry says holds for all that it spans. */
        for (unsigned c = cell; c + 1 < model->count && model->cut[c] <= last; c++) {
            EXPECT_EQ(found.mapped, model->attributes[c] != 0);
            if (found.mapped)
                EXPECT_EQ(found.attributes, model->attributes[c]);
        }
        if (found.mapped)
            EXPECT_EQ(found.output, at);
        at = last + 1;
    }
}

/* --- the tests ----------------------------------------------------------------------------- */

static const unsigned granules[] = {12, 14};

static struct stage stage_of(const struct pagetable *table, bool two)
{
    struct stage stage = {
        .two = two,
        .base = (uint64_t)table->root,
        .granulebits = table->granule_shift,
        .txsz = 64 - table->address_bits,
        .sl0 = two ? pagetable_sl0(table) : 0,
        .pamax = 48,
    };

    return stage;
}

/* The sizes of physical address that ID_AA64MMFR0_EL1.PARange may tell, up to 48 bits. */
static const unsigned pa_bits[] = {32, 36, 40, 42, 44, 48};

TEST(stage_2_starts_where_the_manual_allows_it)
{
    for (unsigned g = 0; g < 2; g++) {
        for (unsigned bits = 32; bits <= 48; bits++) {
            struct pagetable table;
            struct stage stage;
            unsigned levels, in_one;

            pagetable_init(&table, granules[g], bits, true);
            stage = stage_of(&table, true);
            EXPECT_EQ((unsigned)start_level(&stage), table.start_level);
            EXPECT(!inconsistent_sl(&stage));
            /* On every CPU whose physical addresses are as large as our input addresses. */
            for (unsigned i = 0; i < ARRAY_SIZE(pa_bits); i++) {
                stage.pamax = pa_bits[i];
                if (stage.pamax >= bits)
                    EXPECT(!invalid_sl(&stage));
            }
            levels = FINAL_LEVEL - table.start_level;
            in_one = levels * (granules[g] - 3) + granules[g] + granules[g] - 3;
            EXPECT_EQ(table.root_count, bits > in_one ? 1U << (bits - in_one) : 1);
            EXPECT(table.root_count <= 16);
            /* VTTBR_EL2.BADDR: aligned to all of the concatenated tables. */
            EXPECT_EQ(stage.base % ((uint64_t)table.root_count << granules[g]), 0);
            free_all();
        }
    }
}

TEST(stage_1_starts_where_the_manual_does)
{
    for (unsigned g = 0; g < 2; g++) {
        for (unsigned bits = 32; bits <= 48; bits++) {
            struct pagetable table;
            struct stage stage;

            pagetable_init(&table, granules[g], bits, false);
            stage = stage_of(&table, false);
            EXPECT_EQ((unsigned)start_level(&stage), table.start_level);
            EXPECT_EQ(table.root_count, 1);
            EXPECT_EQ(stage.base % BIT(granules[g]), 0);
            free_all();
        }
    }
}

static void set_at_random(struct pagetable *table, struct model *model, uint64_t *seed)
{
    static const uint64_t attributes[] = {0, ATTRIBUTES_A, ATTRIBUTES_B};
    unsigned first = test_random(seed) % (model->count - 1);
    unsigned last = first + 1 + test_random(seed) % (model->count - 1 - first);
    uint64_t value = attributes[test_random(seed) % 3];

    while (value != 0 && model->cut[last] - model->cut[first] > BIT(41) && last > first)
        last--;
    pagetable_set(table, model->cut[first], model->cut[last] - model->cut[first], value);
    for (unsigned i = first; i < last; i++)
        model->attributes[i] = value;
}

static void expect_leaves(const struct pagetable *table, const struct stage *stage,
                          const struct model *model, uint64_t *seed)
{
    for (unsigned i = 0; i < 50; i++) {
        uint64_t at = model->cut[test_random(seed) % (model->count - 1)];
        struct walk found;

        if (i % 2)
            at = random64(seed) & (BIT(table->address_bits) - 1);
        found = walk(stage, at);
        EXPECT_EQ(pagetable_leaf(table, at) != 0, found.mapped);
        if (found.mapped)
            EXPECT_EQ(pagetable_leaf(table, at) & ~ENTRY_ADDRESS & ~UINT64_C(3), found.attributes);
    }
}

static void any_sequence(unsigned granulebits, unsigned bits, bool two, uint64_t seed)
{
    struct pagetable table;
    struct model model;
    struct stage stage;

    model_init(&model, &seed, granulebits, bits);
    pagetable_init(&table, granulebits, bits, two);
    stage = stage_of(&table, two);
    for (unsigned i = 0; i < 12; i++) {
        set_at_random(&table, &model, &seed);
        if (i % 4 == 3)
            expect_as_model(&stage, &model);
    }
    expect_leaves(&table, &stage, &model, &seed);
    free_all();
}

TEST(any_sequence_of_sets_translates_as_the_ranges_say)
{
    for (unsigned g = 0; g < 2; g++)
        for (unsigned bits = 32; bits <= 48; bits++)
            for (unsigned two = 0; two < 2; two++)
                for (uint64_t round = 0; round < 2; round++)
                    any_sequence(granules[g], bits, two, round * 1000 + bits * 4 + g * 2 + two);
}

/* The fewest entries that map [start, end): always the largest block that begins there and fits. */
static unsigned fewest(uint64_t start, uint64_t end, unsigned granulebits)
{
    static const unsigned blocks[2][3] = {{30, 21, 12}, {25, 14, 14}};
    unsigned entries = 0;

    while (start < end) {
        const unsigned *shift = blocks[granulebits == 14];

        while (start % BIT(*shift) != 0 || start + BIT(*shift) > end)
            shift++;
        start += BIT(*shift);
        entries++;
    }
    return entries;
}

static unsigned entries_in(const struct stage *stage, uint64_t start, uint64_t end)
{
    unsigned entries = 0;

    while (start < end) {
        struct walk found = walk(stage, start);

        entries += found.mapped;
        start = (start | (BIT(found.span) - 1)) + 1;
    }
    return entries;
}

TEST(the_largest_blocks_are_used_and_split_only_around_a_hole)
{
    for (uint64_t round = 0; round < 200; round++) {
        uint64_t seed = round, cut[4];
        unsigned granulebits = granules[round % 2], bits = 36 + test_random(&seed) % 6;
        struct pagetable table;
        struct stage stage;

        for (unsigned i = 0; i < 4; i++)
            cut[i] = random_cut(&seed, granulebits, bits);
        qsort(cut, 4, sizeof(cut[0]), by_value);
        pagetable_init(&table, granulebits, bits, true);
        stage = stage_of(&table, true);
        pagetable_set(&table, cut[0], cut[3] - cut[0], ATTRIBUTES_A);
        EXPECT_EQ(entries_in(&stage, 0, BIT(bits)), fewest(cut[0], cut[3], granulebits));
        pagetable_set(&table, cut[1], cut[2] - cut[1], 0);
        EXPECT_EQ(entries_in(&stage, cut[0], cut[1]), fewest(cut[0], cut[1], granulebits));
        EXPECT_EQ(entries_in(&stage, cut[2], cut[3]), fewest(cut[2], cut[3], granulebits));
        EXPECT_EQ(entries_in(&stage, 0, BIT(bits)),
                  fewest(cut[0], cut[1], granulebits) + fewest(cut[2], cut[3], granulebits));
        free_all();
    }
}

/* Where the host or a device tree names what no input address reaches, the rest is still mapped. */
TEST(what_lies_beyond_the_input_addresses_is_left_out)
{
    for (unsigned g = 0; g < 2; g++) {
        for (unsigned bits = 32; bits <= 48; bits++) {
            struct pagetable table;
            struct stage stage;
            uint64_t granule = BIT(granules[g]);

            pagetable_init(&table, granules[g], bits, true);
            stage = stage_of(&table, true);
            pagetable_set(&table, BIT(bits), granule, ATTRIBUTES_A);
            pagetable_set(&table, BIT(60), granule, ATTRIBUTES_A);
            EXPECT_EQ(entries_in(&stage, 0, BIT(bits)), 0);
            pagetable_set(&table, BIT(bits) - granule, 4 * granule, ATTRIBUTES_A);
            EXPECT_EQ(entries_in(&stage, 0, BIT(bits)), 1);
            EXPECT(pagetable_leaf(&table, BIT(bits) - 1) != 0);
            EXPECT_EQ(pagetable_leaf(&table, BIT(bits)), 0);
            free_all();
        }
    }
}
