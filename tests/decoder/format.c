/*
 * Decoded loads and stores as text (format.h). Fast, as it prints the whole encoding space: no
 * printf.
 */
#include "format.h"

#include <string.h>

static char *put(char *at, const char *text)
{
    while (*text)
        *at++ = *text++;
    return at;
}

static char *put_unsigned(char *at, uint32_t value, unsigned base)
{
    char digits[12];
    unsigned n = 0;

    do {
        digits[n++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    while (n > 0)
        *at++ = digits[--n];
    return at;
}

/* Up to 9 decimal, beyond that hexadecimal. */
static char *put_immediate(char *at, int32_t value)
{
    uint32_t magnitude = value < 0 ? -(uint32_t)value : (uint32_t)value;

    at = put(at, value < 0 ? "#-" : "#");
    if (magnitude > 9)
        return put_unsigned(put(at, "0x"), magnitude, 16);
    return put_unsigned(at, magnitude, 10);
}

/* The same, but negative ones as 64 bits. */
static char *put_wide_immediate(char *at, int32_t value)
{
    if (value >= 0)
        return put_immediate(at, value);
    return put_unsigned(put(at, "#0xffffffff"), (uint32_t)value, 16);
}

static char *put_general(char *at, unsigned number, bool wide, bool is_base)
{
    if (number == 31)
        return put(at, is_base ? "sp" : wide ? "xzr" : "wzr");
    *at++ = wide ? 'x' : 'w';
    return put_unsigned(at, number, 10);
}

/* A data register: rt, rt2 or rs. */
static char *put_data(char *at, const struct ls_insn *insn, unsigned number)
{
    if (!insn->vector)
        return put_general(at, number, insn->wide, false);
    *at++ = "bhsdq"[insn->size_log2];
    return put_unsigned(at, number, 10);
}

static char *put_structure_registers(char *at, const struct ls_insn *insn)
{
    unsigned width = insn->flags & LS_Q ? 16 : 8;

    *at++ = '{';
    for (unsigned i = 0; i < insn->registers; i++) {
        at = put_unsigned(put(at, i ? ", v" : "v"), (insn->rt + i) % 32, 10);
        *at++ = '.';
        if (insn->kind != LS_LANE)
            at = put_unsigned(at, width >> insn->size_log2, 10);
        *at++ = "bhsd"[insn->size_log2];
    }
    *at++ = '}';
    if (insn->kind == LS_LANE)
        at = put(put_unsigned(put(at, insn->lane > 9 ? "[0x" : "["), insn->lane, 16), "]");
    return at;
}

static char *put_index(char *at, const struct ls_insn *insn)
{
    static const char *const extends[] = {
        [2] = ", uxtw", [3] = ", lsl", [6] = ", sxtw", [7] = ", sxtx"};

    at = put_general(put(at, ", "), insn->rm, insn->extend & 1, false);
    if (insn->extend != 3 || insn->shifted)
        at = put(at, extends[insn->extend]);
    if (insn->shifted)
        at = put_unsigned(put(at, " #"), insn->shift, 10);
    return at;
}

static bool is_structure(const struct ls_insn *insn)
{
    return insn->kind == LS_STRUCTURES || insn->kind == LS_LANE || insn->kind == LS_REPLICATE;
}

static char *put_address(char *at, const struct ls_insn *insn)
{
    if (insn->addressing == LS_LITERAL)
        return put_wide_immediate(at, insn->offset); /* the instruction is at 0 */
    at = put_general(put(at, "["), insn->rn, true, true);
    if (insn->addressing == LS_REGISTER_OFFSET)
        at = put_index(at, insn);
    if (insn->addressing == LS_PRE_INDEX || (insn->addressing == LS_OFFSET && insn->offset != 0))
        at = put_immediate(put(at, ", "), insn->offset);
    at = put(at, insn->addressing == LS_PRE_INDEX ? "]!" : "]");
    if (insn->addressing == LS_POST_REGISTER)
        return put_general(put(at, ", "), insn->rm, true, false);
    if (insn->addressing != LS_POST_INDEX)
        return at;
    if (is_structure(insn))
        return put_unsigned(put(at, ", #"), (uint32_t)insn->offset, 10);
    if (insn->kind == LS_REGISTER)
        return put_wide_immediate(put(at, ", "), insn->offset);
    return put_immediate(put(at, ", "), insn->offset);
}

static char *put_narrow(char *at, const struct ls_insn *insn)
{
    if (!insn->vector && insn->size_log2 < 2)
        *at++ = "bh"[insn->size_log2];
    return at;
}

static char *put_order(char *at, const struct ls_insn *insn)
{
    return put(put(at, insn->flags & LS_ACQUIRE ? "a" : ""), insn->flags & LS_RELEASE ? "l" : "");
}

static char *register_mnemonic(char *at, const struct ls_insn *insn)
{
    bool unscaled = insn->flags & LS_UNSCALED;

    at = put(at, insn->load ? "ld" : "st");
    if (insn->flags & LS_RCPC)
        at = put(at, unscaled ? "apur" : "apr");
    else if (insn->flags & LS_LIMITED)
        at = put(at, insn->load ? "lar" : "llr");
    else if (insn->flags & LS_ACQUIRE)
        at = put(at, "ar");
    else if (insn->flags & LS_RELEASE)
        at = put(at, unscaled ? "lur" : "lr");
    else
        at = put(at, insn->flags & LS_UNPRIVILEGED ? "tr" : unscaled ? "ur" : "r");
    if (!(insn->flags & LS_SIGNED))
        return put_narrow(at, insn);
    *at++ = 's';
    *at++ = "bhw"[insn->size_log2];
    return at;
}

static bool is_store_form(const struct ls_insn *insn)
{
    return insn->rt == 31 && !(insn->flags & LS_ACQUIRE) && insn->op != LS_SWP;
}

static char *put_mnemonic(char *at, const struct ls_insn *insn)
{
    static const char *const atomics[] = {"add",  "clr",  "eor",  "set",
                                          "smax", "smin", "umax", "umin"};
    static const char *const block64[] = {"ld64b", "st64b", "st64bv", "st64bv0"};
    static const char *const tags[] = {"stzgm", "ldg",  "stgm",  "ldgm", "stg",
                                       "stzg",  "st2g", "stz2g", "stgp"};

    switch (insn->kind) {
    case LS_PREFETCH:
        return put(at, insn->flags & LS_UNSCALED ? "prfum" : "prfm");
    case LS_REGISTER:
        return register_mnemonic(at, insn);
    case LS_PAIR:
        at = put(put(at, insn->load ? "ld" : "st"), insn->flags & LS_NON_TEMPORAL ? "np" : "p");
        return put(at, insn->flags & LS_SIGNED ? "sw" : "");
    case LS_EXCLUSIVE:
        at = put_order(put(at, insn->load ? "ld" : "st"), insn);
        return put_narrow(put(at, insn->registers == 2 ? "xp" : "xr"), insn);
    case LS_COMPARE_SWAP:
        return put_narrow(put_order(put(at, insn->registers == 2 ? "casp" : "cas"), insn), insn);
    case LS_ATOMIC:
        at = insn->op == LS_SWP
                 ? put(at, "swp")
                 : put(put(at, is_store_form(insn) ? "st" : "ld"), atomics[insn->op]);
        return put_narrow(put_order(at, insn), insn);
    case LS_STRUCTURES:
    case LS_LANE:
    case LS_REPLICATE:
        at = put(at, insn->load ? "ld" : "st");
        *at++ = (char)('0' + insn->interleave);
        return put(at, insn->kind == LS_REPLICATE ? "r" : "");
    case LS_AUTHENTICATED:
        return put(at, insn->flags & LS_KEY_B ? "ldrab" : "ldraa");
    case LS_BLOCK64:
        return put(at, block64[insn->op]);
    default:
        return put(at, tags[insn->op]);
    }
}

static char *put_prefetch(char *at, unsigned operation)
{
    static const char *const types[] = {"pld", "pli", "pst"};
    unsigned level = (operation >> 1) & 3;

    if (operation >> 3 == 3 || level == 3)
        return at; /* capstone has no word for those */
    at = put(put(at, types[operation >> 3]), "l");
    at = put_unsigned(at, level + 1, 10);
    return put(at, operation & 1 ? "strm" : "keep");
}

/* Operands up to the address. */
static char *put_registers(char *at, const struct ls_insn *insn)
{
    switch (insn->kind) {
    case LS_PREFETCH:
        return put_prefetch(at, insn->rt);
    case LS_EXCLUSIVE:
        if (insn->store)
            at = put(put_general(at, insn->rs, false, false), ", ");
        break;
    case LS_COMPARE_SWAP:
        at = put(put_data(at, insn, insn->rs), ", ");
        if (insn->registers == 2) {
            at = put(put_data(at, insn, (insn->rs + 1) % 32), ", ");
            at = put(put_data(at, insn, insn->rt), ", ");
            return put_data(at, insn, (insn->rt + 1) % 32);
        }
        break;
    case LS_ATOMIC:
        at = put_data(at, insn, insn->rs);
        if (is_store_form(insn))
            return at;
        at = put(at, ", ");
        break;
    case LS_BLOCK64:
        if (insn->op == LS_ST64BV || insn->op == LS_ST64BV0)
            at = put(put_data(at, insn, insn->rs), ", ");
        break;
    case LS_STRUCTURES:
    case LS_LANE:
    case LS_REPLICATE:
        return put_structure_registers(at, insn);
    case LS_TAG:
        if (insn->op >= LS_STG && insn->op != LS_STGP) /* Xt or SP */
            return put_general(at, insn->rt, true, true);
        break;
    default:
        break;
    }
    at = put_data(at, insn, insn->rt);
    if (insn->registers == 2)
        at = put_data(put(at, ", "), insn, insn->rt2);
    return at;
}

/* [xd]!, [xs]!, xn! and the like: three registers, each written back. */
static char *put_copy_or_set(char *at, const struct ls_insn *insn)
{
    static const char *const stages[] = {"p", "m", "e"};
    static const char *const options[] = {"", "wt", "rt", "t"};
    static const char *const non_temporal[] = {"", "wn", "rn", "n"};

    at = put(at, insn->kind == LS_COPY ? (insn->forward ? "cpyf" : "cpy")
                                       : (insn->forward ? "setg" : "set"));
    at = put(at, stages[insn->stage]);
    if (insn->kind == LS_COPY)
        at = put(put(at, options[insn->op & 3]), non_temporal[insn->op >> 2]);
    else
        at = put(put(at, insn->op & 1 ? "t" : ""), insn->op & 2 ? "n" : "");
    at = put_general(put(at, " ["), insn->rt, true, false);
    at = put(at, "]!, ");
    if (insn->kind == LS_COPY) {
        at = put_general(put(at, "["), insn->rs, true, false);
        at = put_general(put(at, "]!, "), insn->rn, true, false);
        return put(at, "!");
    }
    at = put_general(at, insn->rn, true, false);
    return put_general(put(at, "!, "), insn->rs, true, false);
}

void format_insn(const struct ls_insn *insn, char *text)
{
    char *at = text;

    if (insn->kind == LS_COPY || insn->kind == LS_SET) {
        at = put_copy_or_set(at, insn);
    } else {
        at = put(put_mnemonic(at, insn), " ");
        at = put(put_registers(at, insn), ", ");
        at = put_address(at, insn);
    }
    *at = 0;
}
