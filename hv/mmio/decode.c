/*
 * The decoder of loads and stores (mmio/decode.h): one row for each encoding class of DDI 0487,
 * C4.1 "Loads and Stores", and a function that takes the fields of that class. Field names are
 * the manual's.
 */
#include "mmio/decode.h"

#define REG_NONE 31 /* where the manual has 11111 or (1)(1)(1)(1)(1) */

static unsigned bits(uint32_t word, unsigned high, unsigned low)
{
    return (word >> low) & ((2U << (high - low)) - 1);
}

static int32_t signed_bits(uint32_t word, unsigned high, unsigned low)
{
    return (int32_t)(word << (31 - high)) >> (31 - high + low);
}

/* size, V, opc of the load/store register classes. may_prefetch: size=11 opc=10 is PRFM. */
static bool size_and_opc(uint32_t word, bool may_prefetch, struct ls_insn *out)
{
    unsigned size = bits(word, 31, 30), opc = bits(word, 23, 22);

    out->kind = LS_REGISTER;
    out->registers = 1;
    out->size_log2 = (uint8_t)size;
    out->load = opc != 0;
    out->store = opc == 0;
    out->vector = bits(word, 26, 26);
    out->wide = size == 3;
    if (out->vector) {
        out->load = opc & 1;
        out->store = !out->load;
        if (opc & 2)
            out->size_log2 = 4;
        return !(opc & 2) || size == 0;
    }
    if (opc < 2)
        return true;
    if (size == 3) {
        out->kind = LS_PREFETCH;
        out->registers = 0;
        out->load = false;
        return opc == 2 && may_prefetch;
    }
    out->flags |= LS_SIGNED;
    out->wide = opc == 2;
    return opc == 2 || size < 2;
}

/* Load/store register (unsigned immediate) */
static bool unsigned_immediate(uint32_t word, struct ls_insn *out)
{
    if (!size_and_opc(word, true, out))
        return false;
    out->offset = (int32_t)(bits(word, 21, 10) << out->size_log2);
    return true;
}

/* Load/store register (unscaled immediate) */
static bool unscaled_immediate(uint32_t word, struct ls_insn *out)
{
    out->flags = LS_UNSCALED;
    out->offset = signed_bits(word, 20, 12);
    return size_and_opc(word, true, out);
}

/* Load/store register (immediate post-indexed), (immediate pre-indexed) */
static bool indexed_immediate(uint32_t word, struct ls_insn *out)
{
    out->addressing = bits(word, 11, 11) ? LS_PRE_INDEX : LS_POST_INDEX;
    out->offset = signed_bits(word, 20, 12);
    return size_and_opc(word, false, out);
}

/* Load/store register (unprivileged) */
static bool unprivileged(uint32_t word, struct ls_insn *out)
{
    out->flags = LS_UNPRIVILEGED;
    out->offset = signed_bits(word, 20, 12);
    return size_and_opc(word, false, out);
}

/* Load/store register (register offset) */
static bool register_offset(uint32_t word, struct ls_insn *out)
{
    if (!size_and_opc(word, true, out) || !bits(word, 14, 14))
        return false;
    out->addressing = LS_REGISTER_OFFSET;
    out->rm = (uint8_t)bits(word, 20, 16);
    out->extend = (uint8_t)bits(word, 15, 13);
    out->shifted = bits(word, 12, 12);
    out->shift = out->shifted ? out->size_log2 : 0;
    return true;
}

/* Load register (literal) */
static bool literal(uint32_t word, struct ls_insn *out)
{
    unsigned opc = bits(word, 31, 30);

    out->kind = LS_REGISTER;
    out->registers = 1;
    out->load = true;
    out->vector = bits(word, 26, 26);
    out->addressing = LS_LITERAL;
    out->offset = signed_bits(word, 23, 5) * 4;
    out->rn = 0;
    if (out->vector) {
        out->size_log2 = (uint8_t)(2 + opc);
        return opc != 3;
    }
    out->size_log2 = opc == 1 ? 3 : 2;
    out->wide = opc != 0;
    if (opc == 2)
        out->flags = LS_SIGNED;
    if (opc == 3) {
        out->kind = LS_PREFETCH;
        out->registers = 0;
        out->load = false;
        out->size_log2 = 3;
    }
    return true;
}

/* Load/store no-allocate pair, load/store register pair (post-indexed), (offset), (pre-indexed) */
static bool pair(uint32_t word, struct ls_insn *out)
{
    static const uint8_t addressing[] = {LS_OFFSET, LS_POST_INDEX, LS_OFFSET, LS_PRE_INDEX};
    unsigned opc = bits(word, 31, 30), index = bits(word, 24, 23);

    if (opc == 3)
        return false;
    out->kind = LS_PAIR;
    out->registers = 2;
    out->vector = bits(word, 26, 26);
    out->load = bits(word, 22, 22);
    out->store = !out->load;
    out->addressing = addressing[index];
    out->flags = index == 0 ? LS_NON_TEMPORAL : 0;
    out->rt2 = (uint8_t)bits(word, 14, 10);
    out->size_log2 = (uint8_t)(out->vector ? 2 + opc : opc == 2 ? 3 : 2);
    out->wide = opc != 0;
    out->offset = signed_bits(word, 21, 15) * (1 << out->size_log2);
    if (opc != 1 || out->vector)
        return true;
    if (out->load) { /* LDPSW */
        out->flags = LS_SIGNED;
    } else { /* STGP */
        out->kind = LS_TAG;
        out->op = LS_STGP;
        out->size_log2 = 3;
        out->offset *= 4;
    }
    return index != 0;
}

/* Load/store exclusive register, exclusive pair, ordered; compare and swap, compare and swap pair */
static bool exclusive_or_ordered(uint32_t word, struct ls_insn *out)
{
    unsigned size = bits(word, 31, 30), o2 = bits(word, 23, 23), o1 = bits(word, 21, 21);
    bool l = bits(word, 22, 22), o0 = bits(word, 15, 15);

    out->registers = 1;
    out->size_log2 = (uint8_t)size;
    out->rs = (uint8_t)bits(word, 20, 16);
    out->rt2 = (uint8_t)bits(word, 14, 10);
    out->load = l;
    out->store = !l;
    if (o1 && (o2 || size < 2)) { /* CAS, CASP */
        out->kind = LS_COMPARE_SWAP;
        out->load = out->store = true;
        out->flags = (uint16_t)((l ? LS_ACQUIRE : 0) | (o0 ? LS_RELEASE : 0));
        if (!o2) {
            out->size_log2 = (uint8_t)(2 + size);
            out->registers = 2;
            if ((out->rs | bits(word, 4, 0)) & 1)
                return false;
        }
        out->wide = out->size_log2 == 3;
        return out->rt2 == REG_NONE;
    }
    out->wide = size == 3;
    if (o2) { /* LDAR, STLR, LDLAR, STLLR */
        out->kind = LS_REGISTER;
        out->flags = (uint16_t)(o0 ? (l ? LS_ACQUIRE : LS_RELEASE) : LS_LIMITED);
        return out->rs == REG_NONE && out->rt2 == REG_NONE;
    }
    out->kind = LS_EXCLUSIVE;
    out->flags = (uint16_t)(o0 ? (l ? LS_ACQUIRE : LS_RELEASE) : 0);
    out->registers = o1 ? 2 : 1;
    return (!l || out->rs == REG_NONE) && (o1 || out->rt2 == REG_NONE);
}

/* LDAPR and the 64-byte loads and stores: o3 = 1 of the atomic memory operations. */
static bool atomic_o3(uint32_t word, struct ls_insn *out)
{
    static const uint8_t block64[] = {[1] = LS_ST64B, [2] = LS_ST64BV0, [3] = LS_ST64BV};
    unsigned opc = bits(word, 14, 12), ar = bits(word, 23, 22);

    if (opc == 4 && ar == 2) { /* LDAPR */
        out->kind = LS_REGISTER;
        out->store = false;
        out->flags = LS_RCPC;
        return out->rs == REG_NONE;
    }
    if (out->size_log2 != 3 || ar != 0 || opc == 0 || opc == 4 || opc > 5)
        return false;
    out->kind = LS_BLOCK64;
    out->registers = 8;
    out->load = opc == 5;
    out->store = !out->load;
    out->op = opc == 5 ? LS_LD64B : block64[opc];
    if ((out->op == LS_LD64B || out->op == LS_ST64B) && out->rs != REG_NONE)
        return false;
    return out->rt <= 22 && !(out->rt & 1);
}

/* Atomic memory operations */
static bool atomic(uint32_t word, struct ls_insn *out)
{
    out->kind = LS_ATOMIC;
    out->registers = 1;
    out->load = out->store = true;
    out->size_log2 = (uint8_t)bits(word, 31, 30);
    out->wide = out->size_log2 == 3;
    out->rs = (uint8_t)bits(word, 20, 16);
    if (bits(word, 15, 15) && bits(word, 14, 12) != 0)
        return atomic_o3(word, out);
    out->op = (uint8_t)(bits(word, 15, 15) ? LS_SWP : LS_ADD + bits(word, 14, 12));
    out->flags =
        (uint16_t)((bits(word, 23, 23) ? LS_ACQUIRE : 0) | (bits(word, 22, 22) ? LS_RELEASE : 0));
    return true;
}

/* Load/store register (pac) */
static bool authenticated(uint32_t word, struct ls_insn *out)
{
    out->kind = LS_AUTHENTICATED;
    out->registers = 1;
    out->load = out->wide = true;
    out->size_log2 = 3;
    out->flags = bits(word, 23, 23) ? LS_KEY_B : 0;
    out->addressing = bits(word, 11, 11) ? LS_PRE_INDEX : LS_OFFSET;
    /* S:imm9, scaled by 8 */
    out->offset = (int32_t)(bits(word, 22, 22) ? bits(word, 20, 12) - 512 : bits(word, 20, 12)) * 8;
    return true;
}

/* LDAPR/STLR (unscaled immediate) */
static bool unscaled_ordered(uint32_t word, struct ls_insn *out)
{
    out->flags = LS_UNSCALED;
    out->offset = signed_bits(word, 20, 12);
    if (!size_and_opc(word, false, out))
        return false;
    out->flags |= out->load ? LS_RCPC : LS_RELEASE;
    return true;
}

/* Load/store memory tags */
static bool tags(uint32_t word, struct ls_insn *out)
{
    static const uint8_t addressing[] = {LS_OFFSET, LS_POST_INDEX, LS_OFFSET, LS_PRE_INDEX};
    unsigned opc = bits(word, 23, 22), op2 = bits(word, 11, 10);

    out->kind = LS_TAG;
    out->op = (uint8_t)(op2 == 0 ? LS_STZGM + opc : LS_STG + opc);
    out->load = out->op == LS_LDG || out->op == LS_LDGM;
    out->store = !out->load;
    out->wide = true;
    out->size_log2 = 3;
    out->addressing = addressing[op2];
    out->offset = signed_bits(word, 20, 12) * 16;
    return op2 != 0 || opc == 1 || out->offset == 0;
}

/* Memory copy and memory set */
static bool copy_or_set(uint32_t word, struct ls_insn *out)
{
    unsigned op1 = bits(word, 23, 22), op2 = bits(word, 15, 12);
    bool o0 = bits(word, 26, 26);

    out->kind = op1 == 3 ? LS_SET : LS_COPY;
    out->load = op1 != 3;
    out->store = out->wide = true;
    out->rs = (uint8_t)bits(word, 20, 16);
    out->stage = (uint8_t)(op1 == 3 ? op2 >> 2 : op1);
    out->op = (uint8_t)(op1 == 3 ? op2 & 3 : op2);
    out->forward = op1 == 3 ? o0 : !o0;
    /* The three differ, and only what is stored may be XZR (CPY*, SET*: "Decode"). */
    if (out->rs == out->rn || out->rs == out->rt || out->rn == out->rt || out->rn == REG_NONE ||
        out->rt == REG_NONE || (op1 != 3 && out->rs == REG_NONE))
        return false;
    return out->stage != 3;
}

/* Frequent ones first: the search is linear. */
static const struct {
    uint32_t mask, value;
    bool (*fields)(uint32_t word, struct ls_insn *out);
} classes[] = {
    {0x3a000000, 0x28000000, pair},
    {0x3b200400, 0x38000400, indexed_immediate},
    {0x3b000000, 0x39000000, unsigned_immediate},
    {0x3b200c00, 0x38000000, unscaled_immediate},
    {0x3b200c00, 0x38200800, register_offset},
    {0x3f200c00, 0x38000800, unprivileged},
    {0x3f200c00, 0x38200000, atomic},
    {0x3f000000, 0x08000000, exclusive_or_ordered},
    {0xbfbf0000, 0x0c000000, ls_multiple_structures},
    {0xbfa00000, 0x0c800000, ls_multiple_structures}, /* (post-indexed) */
    {0xbf9f0000, 0x0d000000, ls_single_structure},
    {0xbf800000, 0x0d800000, ls_single_structure}, /* (post-indexed) */
    {0x3b000000, 0x18000000, literal},
    {0x3f200c00, 0x19000000, unscaled_ordered},
    {0xff200400, 0xf8200400, authenticated},
    {0xff200000, 0xd9200000, tags},
    {0xfb200c00, 0x19000400, copy_or_set},
};

static bool is_unpredictable(const struct ls_insn *insn)
{
    bool pair = insn->kind == LS_PAIR || (insn->kind == LS_EXCLUSIVE && insn->registers == 2);

    if (pair && insn->load && insn->rt == insn->rt2)
        return true;
    if (insn->kind == LS_EXCLUSIVE && insn->store)
        return insn->rs == insn->rt || (pair && insn->rs == insn->rt2) ||
               (insn->rs == insn->rn && insn->rn != 31);
    return ls_writes_back(insn) && !insn->vector && insn->rn != 31 &&
           (insn->rt == insn->rn || (pair && insn->rt2 == insn->rn));
}

bool ls_decode(uint32_t word, struct ls_insn *out)
{
    for (unsigned i = 0; i < ARRAY_SIZE(classes); i++) {
        if ((word & classes[i].mask) != classes[i].value)
            continue;
        *out = (struct ls_insn){
            .rt = (uint8_t)bits(word, 4, 0),
            .rn = (uint8_t)bits(word, 9, 5),
        };
        if (!classes[i].fields(word, out))
            return false;
        out->unpredictable = is_unpredictable(out);
        return true;
    }
    return false;
}

enum ls_cache ls_decode_cache(uint32_t word)
{
    unsigned op1 = bits(word, 18, 16), crm = bits(word, 11, 8), op2 = bits(word, 7, 5);

    if ((word & 0xfff8f000) != 0xd5087000) /* SYS with CRn = 7 */
        return LS_CACHE_NONE;
    if (op1 == 0 && crm == 6) /* DC IVAC, IGVAC, IGDVAC */
        return op2 == 1 || op2 == 3 || op2 == 5 ? LS_CACHE_MAINTAIN : LS_CACHE_NONE;
    if (op1 != 3)
        return LS_CACHE_NONE;
    switch (crm) {
    case 4:
        return op2 == 1   ? LS_CACHE_ZERO
               : op2 == 3 ? LS_CACHE_TAG
               : op2 == 4 ? LS_CACHE_ZERO_TAG
                          : LS_CACHE_NONE;
    case 5:  /* IC IVAU */
    case 11: /* DC CVAU */
        return op2 == 1 ? LS_CACHE_MAINTAIN : LS_CACHE_NONE;
    case 10: /* DC CVAC, CGVAC, CGDVAC */
    case 12: /* DC CVAP.. */
    case 13: /* DC CVADP.. */
    case 14: /* DC CIVAC.. */
        return op2 == 1 || op2 == 3 || op2 == 5 ? LS_CACHE_MAINTAIN : LS_CACHE_NONE;
    default:
        return LS_CACHE_NONE;
    }
}
