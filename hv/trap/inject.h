/*
 * Gives an exception to the guest at EL1, as the architecture would take it there.
 * Source: DDI 0487, shared pseudocode, AArch64.TakeException.
 */
#ifndef VELLUM_TRAP_INJECT_H
#define VELLUM_TRAP_INJECT_H

#include "trap/frame.h"

/* The instruction at frame->pc is UNDEFINED. */
void inject_undefined(struct trap_frame *frame);

/*
 * The access whose fault `esr` (ESR_EL2) and `far` describe got a synchronous external abort.
 * Data and instruction aborts.
 */
void inject_external_abort(struct trap_frame *frame, uint64_t esr, uint64_t far);

#endif
