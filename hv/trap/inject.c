/*
 * Gives an exception to the guest at EL1 (trap/inject.h).
 */
#include "trap/inject.h"

#include "cpu/sysreg.h"

/* Offset into VBAR_EL1 of a synchronous exception taken from `pstate`. */
static uint64_t vector_offset(uint64_t pstate)
{
    if (pstate & SPSR_AARCH32)
        return 0x600;
    if ((pstate & SPSR_EL_MASK) == SPSR_EL1H)
        return 0x200;
    if ((pstate & SPSR_EL_MASK) == (SPSR_EL1H & ~UINT64_C(1)))
        return 0x000;
    return 0x400;
}

/* PSTATE of the handler's first instruction. */
static uint64_t handler_pstate(uint64_t pstate)
{
    uint64_t sctlr = sysreg_read(sctlr_el12);
    uint64_t handler = SPSR_EL1H | SPSR_DAIF;

    handler |= pstate & (SPSR_NZCV | SPSR_DIT | SPSR_PAN);
    if (id_field(id_aa64mmfr1_el1, 20) != 0 && !(sctlr & SCTLR_SPAN))
        handler |= SPSR_PAN;
    if (id_field(id_aa64pfr1_el1, 4) != 0 && (sctlr & SCTLR_DSSBS))
        handler |= SPSR_SSBS;
    if (id_field(id_aa64pfr1_el1, 8) >= 2)
        handler |= SPSR_TCO;
    /* FEAT_NMI: ALLINT is set unless SCTLR_EL1.SPINTMASK says otherwise. */
    if (id_field(id_aa64pfr1_el1, 36) != 0 && !(sctlr & BIT(62)))
        handler |= SPSR_ALLINT;
    return handler;
}

static void take_exception(struct trap_frame *frame, uint64_t esr)
{
    uint64_t vbar = sysreg_read(vbar_el12);

    sysreg_write(esr_el12, esr);
    sysreg_write(elr_el12, frame->pc);
    sysreg_write(spsr_el12, frame->pstate);
    frame->pc = vbar + vector_offset(frame->pstate);
    frame->pstate = handler_pstate(frame->pstate);
}

void inject_undefined(struct trap_frame *frame)
{
    take_exception(frame, ((uint64_t)EC_UNKNOWN << ESR_EC_SHIFT) | ESR_IL);
}

void inject_external_abort(struct trap_frame *frame, uint64_t esr, uint64_t far)
{
    bool from_el1 = !(frame->pstate & SPSR_AARCH32) && (frame->pstate & SPSR_EL_MASK) != 0;
    bool instruction = ESR_EC(esr) == EC_INSTRUCTION_ABORT_LOWER;
    uint64_t ec = instruction ? EC_INSTRUCTION_ABORT_LOWER : EC_DATA_ABORT_LOWER;

    if (from_el1)
        ec++; /* "without a change in Exception level" is the next code */
    sysreg_write(far_el12, far);
    /* CM and WnR as the access was; no instruction syndrome at EL1; the status is ours. */
    take_exception(frame, (ec << ESR_EC_SHIFT) | (esr & ESR_IL) |
                              (instruction ? 0 : esr & (ISS_CM | ISS_WNR)) | DFSC_EXTERNAL_ABORT);
}
