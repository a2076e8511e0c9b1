/*
 * Accesses that need more than their syndrome (mmio/slow.h).
 */
#include "mmio/slow.h"

#include "lib/guarded.h"
#include "mem/stage2.h"
#include "mmio/mmio.h"
#include "mmio/region.h"
#include "trace/event.h"
#include "trap/inject.h"

void mmio_aborted(struct cpu *cpu, struct trap_frame *frame, uint64_t esr, uint64_t far,
                  uint64_t address)
{
    cpu->exits[EXIT_MMIO_ABORTED]++;
    trace_mmio_aborted(&cpu->trace, frame->pc, address, (uint32_t)esr);
    inject_external_abort(frame, esr, far);
}

/* The instruction's word, or 0: read with the guest's own translation. */
static uint32_t instruction_at(const struct trap_frame *frame)
{
    uint64_t guest_par = sysreg_read(par_el1), par;
    uint64_t word = 0;

    if ((frame->pstate & SPSR_EL_MASK) == 0)
        __asm__ volatile("at s12e0r, %0" : : "r"(frame->pc));
    else
        __asm__ volatile("at s12e1r, %0" : : "r"(frame->pc));
    isb();
    par = sysreg_read(par_el1);
    sysreg_write(par_el1, guest_par);
    if (!(par & 1)) /* PAR_EL1.F */
        guarded_read((par & (BIT(52) - 4096)) | (frame->pc & 0xfff), 2, &word);
    return (uint32_t)word;
}

void mmio_slow(struct cpu *cpu, struct trap_frame *frame, uint64_t esr, uint64_t far,
               uint64_t address)
{
    struct region region;

    region_find(address, &region);
    if (cpu->step.active)
        step_finish(cpu, frame); /* the step ran into a page that stays closed */
    if (!DFSC_IS_TRANSLATION(ISS_DFSC(esr)) || (esr & ISS_S1PTW) ||
        !stage2_open_maps((ipa){address})) {
        mmio_aborted(cpu, frame, esr, far, address);
        return;
    }
    cpu->exits[EXIT_MMIO_STEPPED]++;
    if (region.flags != 0)
        trace_mmio_stepped(&cpu->trace, frame->pc, address, instruction_at(frame), (uint32_t)esr);
    step_begin(cpu, frame);
}
