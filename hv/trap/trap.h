/*
 * From the vectors to the handler of each reason to leave the guest.
 */
#ifndef VELLUM_TRAP_TRAP_H
#define VELLUM_TRAP_TRAP_H

#include "cpu/sysreg.h"
#include "trap/frame.h"

/* Steps over the instruction at frame->pc, as its completion would (DDI 0487, SPSR_EL2.SS, .BTYPE). */
static inline void trap_skip_instruction(struct trap_frame *frame)
{
    frame->pc += 4;
    frame->pstate &= ~(SPSR_SS | SPSR_BTYPE);
}

/* Into the guest for the first time on this CPU (trap/vectors.S). */
_Noreturn void guest_enter(uint64_t entry, uint64_t x0, uint64_t pstate, uint64_t stack_top);

struct cpu;

/* From the vectors. */
void trap_guest_sync(struct cpu *cpu, struct trap_frame *frame, uint64_t esr);
void trap_guest_unexpected(struct trap_frame *frame);
void trap_el2(struct trap_frame *frame);
_Noreturn void trap_el2_stack_overflow(const struct trap_frame *frame, uint64_t sp);

#endif
