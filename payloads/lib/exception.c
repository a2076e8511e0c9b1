/*
 * Exceptions at EL1: expected faults are noted and skipped, interrupts counted by INTID, anything
 * else is a failure that ends the run. Called from vectors.S with interrupts masked.
 */
#include "lib/cpu.h"
#include "lib/gic.h"
#include "lib/payload.h"

#define ESR_EC(esr) ((esr) >> 26 & 0x3f)
#define EC_INSTRUCTION_ABORT 0x21

void exception_take(struct frame *frame, unsigned kind);

void fault_expect(struct fault *fault)
{
    *fault = (struct fault){0};
    this_cpu()->fault = fault;
    isb();
}

void fault_done(void)
{
    isb();
    this_cpu()->fault = NULL;
}

static void sync_take(struct frame *frame)
{
    struct fault *fault = this_cpu()->fault;
    uint64_t esr = sysreg_read(esr_el1), far = sysreg_read(far_el1);

    if (fault == NULL)
        die("exception esr=0x%lx far=0x%lx pc=image+0x%lx", esr, far, frame->elr - (uint64_t)image);
    fault->count++;
    fault->esr = esr;
    fault->far = far;
    fault->elr = frame->elr;
    /* A call to where nothing can be fetched returns to its caller. */
    frame->elr = ESR_EC(esr) == EC_INSTRUCTION_ABORT ? frame->x30 : frame->elr + 4;
}

void exception_take(struct frame *frame, unsigned kind)
{
    static const char *const names[] = {"", "", "FIQ", "SError", "exception from another mode"};

    if (kind == EXC_SYNC)
        sync_take(frame);
    else if (kind == EXC_IRQ)
        gic_take();
    else
        die("%s esr=0x%lx pc=image+0x%lx", names[kind], sysreg_read(esr_el1),
            frame->elr - (uint64_t)image);
}
