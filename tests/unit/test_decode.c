/*
 * The decoder of loads and stores, on what the comparison with capstone (tests/decoder) does not
 * look at: fields that have no text of their own, and what only Vellum classifies. Words by the
 * assembler (aarch64-linux-gnu-as).
 */
#include "mmio/decode.h"
#include "test.h"

static struct ls_insn decoded(uint32_t word)
{
    struct ls_insn insn;

    EXPECT(ls_decode(word, &insn));
    return insn;
}

TEST(bytes_are_those_of_all_registers)
{
    struct ls_insn insn = decoded(0x29400440); /* ldp w0, w1, [x2] */

    EXPECT_EQ(ls_bytes(&insn), 8);
    insn = decoded(0xad400440); /* ldp q0, q1, [x2] */
    EXPECT_EQ(ls_bytes(&insn), 32);
    insn = decoded(0x4cdf0041); /* ld4 {v1.16b-v4.16b}, [x2], #64 */
    EXPECT_EQ(ls_bytes(&insn), 64);
    EXPECT_EQ(insn.offset, 64);
    insn = decoded(0x0c402041); /* ld1 {v1.8b-v4.8b}, [x2] */
    EXPECT_EQ(ls_bytes(&insn), 32);
    insn = decoded(0x4d40e041); /* ld3r {v1.16b-v3.16b}, [x2] */
    EXPECT_EQ(ls_bytes(&insn), 3);
    insn = decoded(0x48207c82); /* casp x0, x1, x2, x3, [x4] */
    EXPECT_EQ(ls_bytes(&insn), 16);
    insn = decoded(0xf83f9040); /* st64b x0, [x2] */
    EXPECT_EQ(ls_bytes(&insn), 64);
}

TEST(atomics_read_and_write)
{
    struct ls_insn insn = decoded(0xb8210043); /* ldadd w1, w3, [x2] */

    EXPECT(insn.load && insn.store);
    EXPECT_EQ(insn.kind, LS_ATOMIC);
    EXPECT_EQ(insn.op, LS_ADD);
    EXPECT_EQ(insn.rs, 1);
    EXPECT_EQ(insn.rt, 3);
    insn = decoded(0xc8a17c43); /* cas x1, x3, [x2] */
    EXPECT(insn.load && insn.store);
}

TEST(a_prefetch_moves_no_data)
{
    struct ls_insn insn = decoded(0xf9800040); /* prfm pldl1keep, [x2] */

    EXPECT_EQ(insn.kind, LS_PREFETCH);
    EXPECT_EQ(ls_bytes(&insn), 0);
}

TEST(registers_that_overlap_are_unpredictable)
{
    EXPECT(decoded(0xa9400000).unpredictable);  /* ldp x0, x0, [x0] */
    EXPECT(decoded(0xf8408c42).unpredictable);  /* ldr x2, [x2, #8]! */
    EXPECT(decoded(0xa8c10841).unpredictable);  /* ldp x1, x2, [x2], #16 */
    EXPECT(decoded(0xc8017c41).unpredictable);  /* stxr w1, x1, [x2] */
    EXPECT(!decoded(0xa9400042).unpredictable); /* ldp x2, x0, [x2] */
    EXPECT(!decoded(0xa9000000).unpredictable); /* stp x0, x0, [x0] */
    EXPECT(!decoded(0x3c408c42).unpredictable); /* ldr b2, [x2, #8]! */
    EXPECT(!decoded(0xf8408fff).unpredictable); /* ldr xzr, [sp, #8]! */
    EXPECT(!decoded(0xf8400842).unpredictable); /* ldtr x2, [x2] */
}

TEST(what_is_not_allocated_is_not_decoded)
{
    static const uint32_t words[] = {
        0x00000000, /* udf #0 */
        0xd503201f, /* nop */
        0x8b010000, /* add x0, x0, x1 */
        0xe9400440, /* load pair, opc = 11 */
        0x0c401041, /* structures, opcode 0001 */
        0xf83f9041, /* st64b x1: odd */
    };
    struct ls_insn insn;

    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        EXPECT(!ls_decode(words[i], &insn));
}

TEST(cache_maintenance_by_address_is_told_from_zeroing)
{
    EXPECT_EQ(ls_decode_cache(0xd50b7423), LS_CACHE_ZERO);     /* dc zva, x3 */
    EXPECT_EQ(ls_decode_cache(0xd50b7463), LS_CACHE_TAG);      /* dc gva, x3 */
    EXPECT_EQ(ls_decode_cache(0xd50b7483), LS_CACHE_ZERO_TAG); /* dc gzva, x3 */
    EXPECT_EQ(ls_decode_cache(0xd5087623), LS_CACHE_MAINTAIN); /* dc ivac, x3 */
    EXPECT_EQ(ls_decode_cache(0xd50b7e23), LS_CACHE_MAINTAIN); /* dc civac, x3 */
    EXPECT_EQ(ls_decode_cache(0xd50b7523), LS_CACHE_MAINTAIN); /* ic ivau, x3 */
    EXPECT_EQ(ls_decode_cache(0xd5087643), LS_CACHE_NONE);     /* dc isw, x3: by set and way */
    EXPECT_EQ(ls_decode_cache(0xd508751f), LS_CACHE_NONE);     /* ic iallu */
    EXPECT_EQ(ls_decode_cache(0xf9400020), LS_CACHE_NONE);     /* ldr x0, [x1] */
}
