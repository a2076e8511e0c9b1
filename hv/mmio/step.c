/*
 * Runs one instruction of the guest with every traced range open to this CPU alone: the open
 * stage 2 is loaded on this CPU, the instruction is single-stepped by the debug architecture
 * (DDI 0487, "Software Step exceptions"), then the guarded stage 2 comes back.
 */
#include "cpu/cpu.h"
#include "lib/log.h"
#include "mem/stage2.h"
#include "mmio/mmio.h"
#include "trace/event.h"

void step_begin(struct cpu *cpu, struct trap_frame *frame, const struct ls_access *access)
{
    struct cpu_step *step = &cpu->step;

    step->active = true;
    step->records = access != NULL;
    if (access != NULL)
        step->access = *access;
    step->pc = frame->pc;
    step->daif = frame->pstate & SPSR_DAIF;
    step->mdscr = sysreg_read(mdscr_el1);
    /* No interrupt may come between: its handler would be what is stepped. */
    frame->pstate |= SPSR_DAIF | SPSR_SS;
    sysreg_write(mdscr_el1, step->mdscr | MDSCR_SS);
    sysreg_write(mdcr_el2, sysreg_read(mdcr_el2) | MDCR_TDE);
    stage2_use_open();
}

/* True when the stepped instruction itself took an exception to EL1, whose handler is next. */
static bool took_exception(const struct cpu_step *step, const struct trap_frame *frame)
{
    uint64_t vbar = sysreg_read(vbar_el12);

    return frame->pc >= vbar && frame->pc < vbar + 0x800 && sysreg_read(elr_el12) == step->pc;
}

void step_finish(struct cpu *cpu, struct trap_frame *frame)
{
    struct cpu_step *step = &cpu->step;
    uint64_t guest_ss = (step->mdscr & MDSCR_SS) ? SPSR_SS : 0;

    CHECK(step->active);
    step->active = false;
    stage2_use_guarded();
    sysreg_write(mdcr_el2, sysreg_read(mdcr_el2) & ~MDCR_TDE);
    sysreg_write(mdscr_el1, step->mdscr);

    if (took_exception(step, frame)) {
        uint64_t saved = sysreg_read(spsr_el12);

        sysreg_write(spsr_el12, (saved & ~(SPSR_DAIF | SPSR_SS)) | step->daif | guest_ss);
        frame->pstate &= ~SPSR_SS;
        if (step->records)
            trace_mmio_aborted(&cpu->trace, step->pc, ls_ipa(&step->access, 0),
                               (uint32_t)sysreg_read(esr_el12));
        return;
    }
    if (step->records && frame->pc == step->pc + 4)
        ls_record(cpu, frame, step->pc, &step->access);
    frame->pstate &= ~(SPSR_DAIF | SPSR_SS);
    frame->pstate |= step->daif;
    /* A guest that single-steps by itself has had this step. When it did not happen, it still has. */
    if (frame->pc == step->pc)
        frame->pstate |= guest_ss;
}
