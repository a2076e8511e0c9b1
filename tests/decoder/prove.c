/*
 * Compares Vellum's decoder of loads and stores with capstone, word by word, over the whole group
 * (op0 = x1x0: 2^30 words), and lists every difference that is not a known one.
 *
 *     prove                     every word
 *     prove PARTS PART          one part of PARTS, from 0
 *     prove --sample N          about N words, spread by a stride that is coprime to every field
 *     prove --arbitrate N       of words that capstone does not know but Vellum does, about N:
 *                               "WORD TEXT" on stdout, for another oracle (arbitrate.py)
 *
 * Known differences are rows of a table below, each with the reason; how many words fell to each is
 * printed. Exit status 1: there are others.
 */
#include <capstone/capstone.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"

#define MAX_SHOWN 40

enum side { VELLUM_ONLY, CAPSTONE_ONLY };

static bool is_unpredictable(const struct ls_insn *insn)
{
    return insn->unpredictable;
}

static bool loads_its_base(const struct ls_insn *insn)
{
    return insn->load && insn->rt == insn->rn;
}

/* Words on which the two decoders are known to differ, and which of them decodes the word. */
static struct known {
    const char *name;
    uint32_t mask, value;
    enum side decoded_by;
    bool (*when)(const struct ls_insn *insn); /* NULL: always */
    const char *reason;
    uint64_t count;
} known[] = {
    {"STGP", 0xfa400000, 0x68000000, VELLUM_ONLY, NULL,
     "FEAT_MTE; capstone 5 does not know it, objdump does", 0},
    {"CPY*, Rn = 11111", 0xfb200fe0, 0x190007e0, CAPSTONE_ONLY, NULL,
     "not allowed (CPYP, CPYM, CPYE: \"Decode\"); objdump refuses them too", 0},
    {"overlapping registers", 0, 0, VELLUM_ONLY, is_unpredictable,
     "CONSTRAINED UNPREDICTABLE, not UNDEFINED: capstone refuses it; Vellum decodes and steps it",
     0},
    {"LDTR*, Rt = Rn", 0x3f200c00, 0x38000800, VELLUM_ONLY, loads_its_base,
     "capstone takes them for writeback forms, which they are not", 0},
    {"STXR, STLXR, Rt2 not 11111", 0x3fe00000, 0x08000000, CAPSTONE_ONLY, NULL,
     "should-be-one bits (DDI 0487, C2.2.1) are 0: Vellum leaves such a word to the CPU", 0},
    {"LDXP, LDAXP, Rs not 11111", 0xbfe00000, 0x88600000, CAPSTONE_ONLY, NULL,
     "should-be-one bits (DDI 0487, C2.2.1) are 0: Vellum leaves such a word to the CPU", 0},
};

static csh capstone;
static cs_insn *instruction;
static unsigned unknown_count;

/* What capstone makes of the word, or "" when it does not know it. */
static void oracle(uint32_t word, char *text)
{
    const uint8_t *code = (const uint8_t *)&word;
    size_t size = 4;
    uint64_t address = 0;

    *text = 0;
    if (!cs_disasm_iter(capstone, &code, &size, &address, instruction))
        return;
    size = strlen(instruction->mnemonic);
    memcpy(text, instruction->mnemonic, size);
    text[size] = ' ';
    strcpy(text + size + 1, instruction->op_str);
}

static struct known *known_difference(uint32_t word, const struct ls_insn *insn, bool ours,
                                      bool theirs)
{
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        struct known *k = &known[i];

        if ((word & k->mask) == k->value && ours == (k->decoded_by == VELLUM_ONLY) &&
            ours != theirs && (k->when == NULL || k->when(insn)))
            return k;
    }
    return NULL;
}

static void compare(uint32_t word, bool arbitrate)
{
    char ours[FORMAT_SIZE] = "",
         theirs[sizeof(instruction->mnemonic) + sizeof(instruction->op_str)];
    struct ls_insn insn;
    struct known *k;

    if (ls_decode(word, &insn))
        format_insn(&insn, ours);
    oracle(word, theirs);
    if (strcmp(ours, theirs) == 0)
        return;
    k = known_difference(word, &insn, *ours, *theirs);
    if (k != NULL) {
        k->count++;
        if (arbitrate && *ours)
            printf("%08x %s\n", word, ours);
        return;
    }
    if (unknown_count++ < MAX_SHOWN)
        fprintf(stderr, "%08x is `%s`; capstone: `%s`\n", word, ours, theirs);
}

static void report(uint64_t words)
{
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        printf("%10llu known: %s: %s\n", (unsigned long long)known[i].count, known[i].name,
               known[i].reason);
    printf("%llu words compared, %u differences beyond the known\n", (unsigned long long)words,
           unknown_count);
}

/* The n'th word of the group: bit 27 is 1, bit 25 is 0, the rest counts. */
static uint32_t word_at(uint32_t n)
{
    return (n & 0x1ffffff) | (n >> 25 & 1) << 26 | 1U << 27 | (n >> 26) << 28;
}

int main(int argc, char **argv)
{
    bool sample = argc == 3 && strcmp(argv[1], "--sample") == 0;
    bool arbitrate = argc == 3 && strcmp(argv[1], "--arbitrate") == 0;
    uint64_t total = UINT64_C(1) << 30, start = 0, end = total, step = 1, words = 0;

    if (sample || arbitrate) {
        /* Odd, so that every field takes all its values; and no power of two is near. */
        step = total / strtoull(argv[2], NULL, 0) | 1;
        while (step % 3 == 0 || step % 5 == 0)
            step += 2;
    } else if (argc == 3) {
        uint64_t parts = strtoull(argv[1], NULL, 0), part = strtoull(argv[2], NULL, 0);
        start = total / parts * part;
        end = part + 1 == parts ? total : total / parts * (part + 1);
    }
    if (cs_open(CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN, &capstone) != CS_ERR_OK) {
        fprintf(stderr, "prove: capstone does not start\n");
        return 1;
    }
    instruction = cs_malloc(capstone);
    for (uint64_t n = start; n < end; n += step, words++)
        compare(word_at((uint32_t)n), arbitrate);
    if (!arbitrate)
        report(words);
    return unknown_count != 0;
}
