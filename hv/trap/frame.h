/*
 * What the vectors save on the per-CPU stack when a CPU comes in from the guest.
 * Shared by assembly and C; trap/trap.c asserts that both mean the same.
 */
#ifndef VELLUM_TRAP_FRAME_H
#define VELLUM_TRAP_FRAME_H

#define FRAME_PC 256
#define FRAME_PSTATE 264
#define FRAME_SIZE 272

#ifndef __ASSEMBLER__
#include "lib/types.h"

struct trap_frame {
    uint64_t x[32];  /* [31] is XZR: reads as 0, and what is written there is lost */
    uint64_t pc;     /* ELR_EL2 */
    uint64_t pstate; /* SPSR_EL2 */
};

static_assert(offsetof(struct trap_frame, pc) == FRAME_PC, "trap/frame.h");
static_assert(offsetof(struct trap_frame, pstate) == FRAME_PSTATE, "trap/frame.h");
static_assert(sizeof(struct trap_frame) == FRAME_SIZE, "trap/frame.h");
#endif
#endif
