/*
 * A guest's access that stage 2 stopped: find the region, perform it (or have it performed by a
 * model or by a single step), record it, go on behind it.
 */
#include "lib/guarded.h"
#include "mem/stage2.h"
#include "mmio/mmio.h"
#include "mmio/region.h"
#include "trap/inject.h"
#include "trap/trap.h"

/* Extends a value read by the guest's load instruction, and puts it into the register. */
static inline void write_back(struct trap_frame *frame, uint64_t esr, uint64_t value)
{
    unsigned rt = ISS_SRT(esr);

    if (esr & ISS_SSE) {
        unsigned shift = 64 - (8U << ISS_SAS(esr));

        value = (uint64_t)((int64_t)(value << shift) >> shift);
        if (!(esr & ISS_SF))
            value = (uint32_t)value;
    }
    if (rt != 31)
        frame->x[rt] = value;
}

static inline bool perform(struct mmio_access *access)
{
    struct guarded_value read;

    if (access->write)
        return guarded_write(access->address, access->value, access->size_log2);
    read = guarded_read(access->address, access->size_log2);
    access->value = read.value;
    return read.ok;
}

/* No device took it: what the guest would have got, it gets. */
static void aborted(struct cpu *cpu, struct trap_frame *frame, uint64_t esr, uint64_t far,
                    uint64_t address)
{
    cpu->exits[EXIT_MMIO_ABORTED]++;
    trace_mmio_aborted(&cpu->trace, frame->pc, address, (uint32_t)esr);
    inject_external_abort(frame, esr, far);
}

static uint64_t fault_ipa(uint64_t far)
{
    return HPFAR_TO_IPA(sysreg_read(hpfar_el2)) | (far & 0xfff);
}

/* The instruction's word, or 0: read with the guest's own translation. */
static uint32_t instruction_at(const struct trap_frame *frame)
{
    struct guarded_value word = {0, 0};
    uint64_t par;
    bool user = (frame->pstate & SPSR_EL_MASK) == 0;

    if (user)
        __asm__ volatile("at s12e0r, %0" : : "r"(frame->pc));
    else
        __asm__ volatile("at s12e1r, %0" : : "r"(frame->pc));
    isb();
    par = sysreg_read(par_el1);
    if (!(par & 1))
        word = guarded_read((par & (BIT(52) - 4096)) | (frame->pc & 0xfff), 2);
    return (uint32_t)word.value;
}

/* Everything that has no complete syndrome: an access that is stepped, or refused by name. */
static __attribute__((noinline)) void slow(struct cpu *cpu, struct trap_frame *frame, uint64_t esr,
                                           uint64_t far, uint64_t address)
{
    const struct region *region = region_find(address);
    uint64_t guest_par = sysreg_read(par_el1);
    bool traced = region != NULL && region->flags != 0;

    if (cpu->step.active)
        step_finish(cpu, frame); /* the step ran into a page that stays closed */
    if (!DFSC_IS_TRANSLATION(ISS_DFSC(esr)) || (esr & ISS_S1PTW) ||
        !stage2_open_maps((ipa){address})) {
        aborted(cpu, frame, esr, far, address);
        return;
    }
    cpu->exits[EXIT_MMIO_STEPPED]++;
    if (traced)
        trace_mmio_stepped(&cpu->trace, frame->pc, address, instruction_at(frame), (uint32_t)esr);
    sysreg_write(par_el1, guest_par);
    step_begin(cpu, frame);
}

void mmio_data_abort(struct cpu *cpu, struct trap_frame *frame, uint64_t esr)
{
    uint64_t far = sysreg_read(far_el2);
    struct mmio_access access = {
        .address = fault_ipa(far),
        .pc = frame->pc,
        .size_log2 = ISS_SAS(esr),
        .write = (esr & ISS_WNR) != 0,
    };
    const struct region *region;

    if (!(esr & ISS_ISV) || !DFSC_IS_TRANSLATION(ISS_DFSC(esr)) || (esr & ISS_S1PTW)) {
        slow(cpu, frame, esr, far, access.address);
        return;
    }
    if (access.write && ISS_SRT(esr) != 31)
        access.value = frame->x[ISS_SRT(esr)];
    if (access.write)
        access.value &= ~UINT64_C(0) >> (64 - (8U << access.size_log2));

    region = region_find(access.address);
    if (!(region != NULL && region->model != NULL ? region->model(&access) : perform(&access))) {
        aborted(cpu, frame, esr, far, access.address);
        return;
    }
    if (!access.write)
        write_back(frame, esr, access.value);
    if (region != NULL && (region->flags & (access.write ? REGION_TRACE_WRITE : REGION_TRACE_READ))) {
        cpu->exits[EXIT_MMIO_TRACED]++;
        trace_mmio(&cpu->trace, &access);
    } else {
        cpu->exits[region != NULL && region->model != NULL ? region->exit : EXIT_MMIO_UNTRACED]++;
    }
    trap_skip_instruction(frame);
}

void mmio_instruction_abort(struct cpu *cpu, struct trap_frame *frame, uint64_t esr)
{
    uint64_t far = sysreg_read(far_el2);

    aborted(cpu, frame, esr, far, fault_ipa(far));
}
