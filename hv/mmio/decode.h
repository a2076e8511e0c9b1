/*
 * What a load or store does, from its 32 bits alone: the whole A64 group "Loads and Stores"
 * (DDI 0487, C4.1, op0 = x1x0). Pure functions: nothing of the machine is read.
 *
 * An encoding that is not allocated, whose should-be-one bits are not one, or that is newer than
 * the extensions below is not decoded: such an instruction is left to the CPU (mmio/slow.c).
 * Known: Armv8.0 with FEAT_LSE, LOR, LRCPC, LRCPC2, PAuth, MTE, LS64, MOPS.
 */
#ifndef VELLUM_MMIO_DECODE_H
#define VELLUM_MMIO_DECODE_H

#include "lib/types.h"

enum ls_kind {
    LS_PREFETCH,      /* PRFM, PRFUM; rt: the operation */
    LS_REGISTER,      /* one register: LDR.. STR.. LDUR LDTR LDAR STLR LDAPR, literals, SIMD&FP */
    LS_PAIR,          /* rt, rt2: LDP STP LDPSW LDNP STNP */
    LS_EXCLUSIVE,     /* rt (registers = 1) or rt and rt2 (2); stores: rs gets the status */
    LS_COMPARE_SWAP,  /* CAS (registers = 1), CASP (2: rs, rs + 1 and rt, rt + 1) */
    LS_ATOMIC,        /* rs: operand, rt: what was there; op tells which */
    LS_STRUCTURES,    /* LD1..LD4, ST1..ST4 of whole registers from rt on */
    LS_LANE,          /* the same of one lane */
    LS_REPLICATE,     /* LD1R..LD4R */
    LS_AUTHENTICATED, /* LDRAA, LDRAB */
    LS_BLOCK64,       /* LD64B ST64B ST64BV ST64BV0: rt..rt + 7 */
    LS_TAG,           /* STG.. LDG.. STGP */
    LS_COPY,          /* CPY*: one of prologue, main, epilogue */
    LS_SET,           /* SET*, SETG* */
    LS_ZERO,          /* DC ZVA, which is no load or store: never of ls_decode */
    LS_KIND_COUNT
};

enum ls_atomic { LS_ADD, LS_CLR, LS_EOR, LS_SET_BITS, LS_SMAX, LS_SMIN, LS_UMAX, LS_UMIN, LS_SWP };

enum ls_addressing {
    LS_OFFSET,          /* [rn, #offset] */
    LS_REGISTER_OFFSET, /* [rn, rm, extend #shift] */
    LS_LITERAL,         /* PC + offset */
    LS_PRE_INDEX,       /* [rn, #offset]!; this and those below change rn */
    LS_POST_INDEX,      /* [rn], #offset */
    LS_POST_REGISTER,   /* [rn], rm */
};

/* ls_insn.flags */
#define LS_ACQUIRE BIT(0)
#define LS_RELEASE BIT(1)
#define LS_LIMITED BIT(2)      /* LDLAR, STLLR: of FEAT_LOR */
#define LS_RCPC BIT(3)         /* LDAPR, LDAPUR: acquire of the weaker kind */
#define LS_NON_TEMPORAL BIT(4) /* LDNP, STNP */
#define LS_UNPRIVILEGED BIT(5) /* LDTR, STTR: as EL0 would */
#define LS_UNSCALED BIT(6)     /* LDUR, STUR, PRFUM, LDAPUR, STLUR */
#define LS_SIGNED BIT(7)       /* the value read is sign-extended to the register */
#define LS_KEY_B BIT(8)        /* LDRAB */
#define LS_Q BIT(9)            /* structures: 128-bit registers, not 64-bit ones */

#define LS_ORDERED (LS_ACQUIRE | LS_RELEASE | LS_LIMITED | LS_RCPC)

/* ls_insn.op of LS_TAG */
enum ls_tag { LS_STZGM, LS_LDG, LS_STGM, LS_LDGM, LS_STG, LS_STZG, LS_ST2G, LS_STZ2G, LS_STGP };
/* ls_insn.op of LS_BLOCK64 */
enum ls_block64 { LS_LD64B, LS_ST64B, LS_ST64BV, LS_ST64BV0 };

struct ls_insn {
    uint8_t kind;        /* enum ls_kind */
    uint8_t addressing;  /* enum ls_addressing */
    bool load, store;    /* both: atomics */
    bool vector;         /* rt, rt2: SIMD&FP registers, not general ones */
    bool wide;           /* a general register is X, not W */
    uint8_t size_log2;   /* of an element in memory: 0..4 */
    uint8_t registers;   /* data registers, 1..8; 0: no data (prefetch, tags) */
    uint8_t interleave;  /* structures and lanes: elements of a structure, 1..4 */
    uint8_t lane;        /* LS_LANE */
    uint8_t rt, rt2, rs; /* data, second of a pair, status or operand */
    uint8_t rn, rm;      /* base (31: SP), index */
    uint8_t extend;      /* of rm: "option", 2 UXTW, 3 LSL, 6 SXTW, 7 SXTX */
    uint8_t shift;       /* of rm */
    bool shifted;        /* S: rm is shifted, be it by 0 */
    uint8_t op;          /* by kind: enum ls_atomic, ls_tag, ls_block64; the op2 field of MOPS */
    uint8_t stage;       /* MOPS: 0 prologue, 1 main, 2 epilogue */
    bool forward;        /* CPYF*; SETG* */
    uint16_t flags;      /* LS_* */
    int32_t offset;      /* bytes */
    /*
     * The architecture leaves open what it does (CONSTRAINED UNPREDICTABLE): registers overlap as
     * they should not. What this CPU does only it can tell.
     */
    bool unpredictable;
};

/* False: not a load or store that is known; *out is then undefined. */
bool ls_decode(uint32_t word, struct ls_insn *out);

/* Bytes of memory from the lowest address on that a decoded data access reads or writes. */
static inline unsigned ls_bytes(const struct ls_insn *insn)
{
    if (insn->kind == LS_STRUCTURES)
        return insn->registers * (insn->flags & LS_Q ? 16U : 8U);
    return (unsigned)insn->registers << insn->size_log2;
}

/* Whether the instruction changes its base register. */
static inline bool ls_writes_back(const struct ls_insn *insn)
{
    return insn->addressing >= LS_PRE_INDEX;
}

/* System instructions that name an address: DC and IC by VA, in Rt (the word's low 5 bits). */
enum ls_cache {
    LS_CACHE_NONE,     /* another instruction */
    LS_CACHE_MAINTAIN, /* moves no data to or from a device */
    LS_CACHE_ZERO,     /* DC ZVA: zeroes a block */
    LS_CACHE_TAG,      /* DC GVA: tags only */
    LS_CACHE_ZERO_TAG, /* DC GZVA */
};

enum ls_cache ls_decode_cache(uint32_t word);

/* Of mmio/decode_structures.c: the encoding class of each name. */
bool ls_multiple_structures(uint32_t word, struct ls_insn *out);
bool ls_single_structure(uint32_t word, struct ls_insn *out);

#endif
