/*
 * Accesses that need more than their syndrome (mmio/slow.h).
 */
#include "mmio/slow.h"

#include "lib/guarded.h"
#include "mem/stage2.h"
#include "mmio/emulate.h"
#include "mmio/mmio.h"
#include "mmio/region.h"
#include "trace/event.h"
#include "trap/inject.h"
#include "trap/trap.h"

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

/* The guest's data accesses at its present exception level are little-endian, and it is A64. */
static bool is_known_state(const struct trap_frame *frame)
{
    bool el0 = (frame->pstate & SPSR_EL_MASK) == 0;

    return !(frame->pstate & SPSR_AARCH32) &&
           !(sysreg_read(sctlr_el12) & (el0 ? SCTLR_E0E : SCTLR_EE));
}

/* DC ZVA: zeroes the block around its address, 4 << DCZID_EL0.BS bytes, within a page. */
static void locate_zero(struct ls_access *access, uint64_t far, uint64_t address)
{
    uint64_t bytes = UINT64_C(4) << (sysreg_read(dczid_el0) & 0xf);

    *access = (struct ls_access){
        .insn = {.kind = LS_ZERO, .store = true, .size_log2 = 3},
        .va = far & ~(bytes - 1),
        .bytes = bytes,
        .page = {address & ~UINT64_C(0xfff), 0},
    };
}

/* Runs the instruction on the CPU itself; `access`: what it will do, when that is known. */
static void step(struct cpu *cpu, struct trap_frame *frame, uint64_t esr, uint64_t address,
                 uint32_t word, const struct ls_access *access)
{
    struct region region;

    region_find(address, &region);
    cpu->exits[EXIT_MMIO_STEPPED]++;
    if (region.flags != 0 && access == NULL && !(esr & ISS_CM))
        trace_mmio_stepped(&cpu->trace, frame->pc, address, word, (uint32_t)esr);
    step_begin(cpu, frame, access);
}

/* Does what can be done without the CPU. *known: whether `access` tells what it will do. */
static enum ls_outcome decoded(struct cpu *cpu, struct trap_frame *frame, uint64_t esr,
                               uint64_t far, uint64_t address, uint32_t word,
                               struct ls_access *access, bool *known)
{
    enum ls_outcome outcome;

    if (word != cpu->slow_word) {
        cpu->slow_word = word;
        cpu->slow_decoded = ls_decode(word, &access->insn);
    }
    if (!cpu->slow_decoded) {
        *known = ls_decode_cache(word) == LS_CACHE_ZERO;
        if (*known)
            locate_zero(access, far, address);
        return LS_LEFT;
    }
    if (access->insn.kind == LS_PREFETCH) {
        trap_skip_instruction(frame);
        return LS_DONE;
    }
    if (!ls_locate(access, frame, far, address))
        return LS_LEFT;
    outcome = ls_emulate(cpu, frame, access, &far, &address);
    if (outcome == LS_DONE)
        trap_skip_instruction(frame);
    else if (outcome == LS_FAULTED)
        mmio_aborted(cpu, frame, esr, far, address);
    else
        *known = ls_tells(&access->insn);
    return outcome;
}

void mmio_slow(struct cpu *cpu, struct trap_frame *frame, uint64_t esr, uint64_t far,
               uint64_t address)
{
    struct ls_access *access = &cpu->slow_access;
    bool known = false;
    uint32_t word = 0;

    if (cpu->step.active)
        step_finish(cpu, frame); /* the step ran into a page that stays closed */
    if (!DFSC_IS_TRANSLATION(ISS_DFSC(esr))) {
        mmio_aborted(cpu, frame, esr, far, address);
        return;
    }
    if (!(esr & ISS_S1PTW) && is_known_state(frame)) {
        word = instruction_at(frame);
        if (decoded(cpu, frame, esr, far, address, word, access, &known) != LS_LEFT) {
            cpu->exits[EXIT_MMIO_DECODED]++;
            return;
        }
    }
    if (stage2_open_maps((ipa){address}))
        step(cpu, frame, esr, address, word, known ? access : NULL);
    else
        mmio_aborted(cpu, frame, esr, far, address);
}

void mmio_fetch(struct cpu *cpu, struct trap_frame *frame, uint64_t esr, uint64_t far,
                uint64_t address)
{
    struct region region;

    if (cpu->step.active)
        step_finish(cpu, frame);
    region_find(address, &region);
    if ((region.flags & REGION_RAM) && DFSC_IS_TRANSLATION(ISS_DFSC(esr))) {
        cpu->exits[EXIT_MMIO_STEPPED]++;
        step_begin(cpu, frame, NULL);
        return;
    }
    mmio_aborted(cpu, frame, esr, far, address);
}
