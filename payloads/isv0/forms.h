/* The instructions under test and what runs one of them; forms.S, run.S. */
#ifndef PAYLOADS_ISV0_FORMS_H
#define PAYLOADS_ISV0_FORMS_H

/* Offsets in struct registers, for run.S */
#define REGISTERS_SP 248
#define REGISTERS_NZCV 256
#define REGISTERS_OWN_SP 264
#define REGISTERS_V 272
#define REGISTERS_SIZE 784

#define FORM_WORDS 4

#ifndef __ASSEMBLER__
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/* All that an instruction can see and change. */
struct registers {
    uint64_t x[31];
    uint64_t sp;
    uint64_t nzcv;
    uint64_t own_sp; /* run's, while it runs */
    uint64_t v[32][2];
};
static_assert(offsetof(struct registers, sp) == REGISTERS_SP, "run.S");
static_assert(offsetof(struct registers, nzcv) == REGISTERS_NZCV, "run.S");
static_assert(offsetof(struct registers, own_sp) == REGISTERS_OWN_SP, "run.S");
static_assert(offsetof(struct registers, v) == REGISTERS_V, "run.S");
static_assert(sizeof(struct registers) == REGISTERS_SIZE, "run.S");

/* Each one or two instructions and NOPs. Base x1 or SP, index x2, data from x3 on. */
extern const uint32_t forms[][FORM_WORDS], forms_end[][FORM_WORDS];

/*
 * Position-independent code: void run(struct registers *), from run to run_end. Loads all registers,
 * executes the FORM_WORDS words at run_slot, stores all registers.
 */
extern const uint32_t run[], run_slot[], run_end[];
#endif
#endif
