/*
 * The guest's accesses to watched pages: from stage 2 abort to the result in its registers.
 */
#ifndef VELLUM_MMIO_MMIO_H
#define VELLUM_MMIO_MMIO_H

#include "cpu/cpu.h"

/* mmio/abort.c */
void mmio_data_abort(struct cpu *cpu, struct trap_frame *frame, uint64_t esr);
void mmio_instruction_abort(struct cpu *cpu, struct trap_frame *frame, uint64_t esr);

/*
 * mmio/step.c: runs the one instruction at frame->pc with every traced range open. `access`, when
 * not NULL, is recorded from the registers once the instruction has completed.
 */
void step_begin(struct cpu *cpu, struct trap_frame *frame, const struct ls_access *access);
void step_finish(struct cpu *cpu, struct trap_frame *frame);

#endif
