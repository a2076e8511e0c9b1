/*
 * Dispatch of synchronous exceptions from the guest, by the class that ESR_EL2 names. Data aborts,
 * which are accesses to devices, go straight from the vectors to mmio/abort.c.
 */
#include "trap/trap.h"

#include "cpu/cpu.h"
#include "cpu/psci.h"
#include "irq/gic.h"
#include "lib/guarded.h"
#include "lib/log.h"
#include "mmio/mmio.h"
#include "trace/event.h"
#include "trap/hypercall.h"
#include "trap/inject.h"

/* What Vellum has no business with: the guest gets what a machine without it would give. */
static void trap_unknown(struct cpu *cpu, struct trap_frame *frame, uint64_t esr)
{
    cpu->exits[EXIT_UNKNOWN]++;
    trace_trap_unknown(&cpu->trace, frame->pc, (uint32_t)esr);
    inject_undefined(frame);
}

/* Of all system registers, Vellum traps only the guest's ICC_SGI*R_EL1 (because HCR_EL2.FMO = 1). */
static void trap_sysreg(struct cpu *cpu, struct trap_frame *frame, uint64_t esr)
{
    uint64_t value = frame->x[ISS_SYSREG_RT(esr)];

    if ((esr & ISS_SYSREG_READ) || !gic_guest_sgi(esr & ISS_SYSREG_MASK, value)) {
        trap_unknown(cpu, frame, esr);
        return;
    }
    cpu->exits[EXIT_SGI]++;
    trap_skip_instruction(frame);
}

void trap_guest_sync(struct cpu *cpu, struct trap_frame *frame, uint64_t esr)
{
    switch (ESR_EC(esr)) {
    case EC_SYSREG:
        trap_sysreg(cpu, frame, esr);
        break;
    case EC_STEP_LOWER:
        step_finish(cpu, frame);
        break;
    case EC_HVC64:
        cpu->exits[EXIT_HVC]++;
        hypercall(frame);
        break;
    case EC_SMC64:
        psci_guest_smc(cpu, frame);
        break;
    case EC_INSTRUCTION_ABORT_LOWER:
        mmio_instruction_abort(cpu, frame, esr);
        break;
    default:
        trap_unknown(cpu, frame, esr);
    }
}

void trap_guest_unexpected(struct trap_frame *frame)
{
    panic("exception that is not routed to EL2: pc %#lx pstate %#lx esr %#lx hcr %#lx",
          (unsigned long)frame->pc, (unsigned long)frame->pstate,
          (unsigned long)sysreg_read(esr_el2), (unsigned long)sysreg_read(hcr_el2));
}
