/*
 * The encoding classes "Advanced SIMD load/store multiple structures" and "single structure", both
 * with and without post-index (mmio/decode.h).
 */
#include "mmio/decode.h"

#define POST_INDEXED BIT(23)

static unsigned bits(uint32_t word, unsigned high, unsigned low)
{
    return (word >> low) & ((2U << (high - low)) - 1);
}

/* What both have; needs kind, registers and size: Rm = 11111 stands for their bytes. */
static void post_index(uint32_t word, struct ls_insn *out)
{
    out->vector = true;
    out->load = bits(word, 22, 22);
    out->store = !out->load;
    if (!(word & POST_INDEXED))
        return;
    out->rm = (uint8_t)bits(word, 20, 16);
    out->addressing = out->rm == 31 ? LS_POST_INDEX : LS_POST_REGISTER;
    out->offset = out->rm == 31 ? (int32_t)ls_bytes(out) : 0;
}

bool ls_multiple_structures(uint32_t word, struct ls_insn *out)
{
    /* By opcode: registers, elements of a structure; 0: not allocated. */
    static const struct {
        uint8_t registers, interleave;
    } forms[16] = {
        [0] = {4, 4}, [2] = {4, 1}, [4] = {3, 3},  [6] = {3, 1},
        [7] = {1, 1}, [8] = {2, 2}, [10] = {2, 1},
    };
    unsigned opcode = bits(word, 15, 12);

    out->kind = LS_STRUCTURES;
    out->size_log2 = (uint8_t)bits(word, 11, 10);
    out->registers = forms[opcode].registers;
    out->interleave = forms[opcode].interleave;
    out->flags = bits(word, 30, 30) ? LS_Q : 0;
    post_index(word, out);
    /* .1D has no structures of more than one element. */
    return out->registers != 0 &&
           (out->interleave == 1 || out->size_log2 != 3 || (out->flags & LS_Q));
}

/* size, S and Q of a single lane's access. */
static bool lane(uint32_t word, unsigned scale, struct ls_insn *out)
{
    unsigned size = bits(word, 11, 10);
    unsigned position = bits(word, 30, 30) << 3 | bits(word, 12, 12) << 2 | size; /* Q:S:size */

    out->kind = LS_LANE;
    if (scale == 2 && (size & 1)) { /* .D */
        out->size_log2 = 3;
        out->lane = (uint8_t)(position >> 3);
        return !(position & 6);
    }
    out->size_log2 = (uint8_t)scale;
    out->lane = (uint8_t)(position >> scale);
    return !(size & ((1U << scale) - 1));
}

bool ls_single_structure(uint32_t word, struct ls_insn *out)
{
    unsigned opcode = bits(word, 15, 13), scale = opcode >> 1;

    out->registers = out->interleave = (uint8_t)((opcode & 1) * 2 + bits(word, 21, 21) + 1);
    out->flags = bits(word, 30, 30) ? LS_Q : 0;
    if (scale == 3) {
        out->kind = LS_REPLICATE;
        out->size_log2 = (uint8_t)bits(word, 11, 10);
        if (!bits(word, 22, 22) || bits(word, 12, 12)) /* L, S */
            return false;
    } else if (!lane(word, scale, out)) {
        return false;
    }
    post_index(word, out);
    return true;
}
