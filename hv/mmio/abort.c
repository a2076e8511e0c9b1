/*
 * A guest's access that stage 2 stopped, with a complete syndrome: find the region, perform the
 * access, record it, go on behind it. Everything else is mmio/slow.c.
 */
#include "lib/guarded.h"
#include "mmio/mmio.h"
#include "mmio/region.h"
#include "mmio/slow.h"
#include "trace/event.h"
#include "trap/trap.h"

/*
 * What is handled here: a syndrome that tells all of the access (ISV), of a translation fault at
 * whatever level, which orders no other accesses (AR). A fault of a table walk (S1PTW) never has ISV.
 * AArch32 is left to the step: its instructions may be 2 bytes long and in an IT block.
 */
static inline bool is_complete(const struct trap_frame *frame, uint64_t esr)
{
    return (esr & (ISS_ISV | ISS_AR)) == ISS_ISV && DFSC_IS_TRANSLATION(esr) &&
           !(frame->pstate & SPSR_AARCH32);
}

/* What the guest's load makes of the bytes read. */
static inline uint64_t extend(uint64_t value, uint64_t esr)
{
    unsigned shift = 64 - (8U << ISS_SAS(esr));

    if (__builtin_expect(!(esr & ISS_SSE), 1))
        return value;
    value = (uint64_t)((int64_t)(value << shift) >> shift);
    return esr & ISS_SF ? value : (uint32_t)value;
}

/* The access has been performed: record it, and go on behind the instruction. */
static inline void finish(struct cpu *cpu, struct trap_frame *frame, uint64_t esr, uint64_t address,
                          uint64_t value)
{
    bool write = (esr & ISS_WNR) != 0;
    uint64_t pc = frame->pc;

    if (!write)
        frame->x[ISS_SRT(esr)] = extend(value, esr);
    trap_skip_instruction(frame);
    if (cpu->region.flags & (write ? REGION_TRACE_WRITE : REGION_TRACE_READ)) {
        cpu->exits[EXIT_MMIO_TRACED]++;
        /* mmio_read8..64 are events 0..3, mmio_write8..64 are 4..7. */
        trace_mmio(&cpu->trace, (uint32_t)ISS_SAS(esr) | (write ? TRACE_MMIO_WRITE8 : 0), pc,
                   address, value);
    } else {
        cpu->exits[cpu->region.exit]++;
    }
}

/* The access is a model's to answer. */
static __attribute__((noinline)) void ask_model(struct cpu *cpu, struct trap_frame *frame,
                                                uint64_t esr, uint64_t far, uint64_t address)
{
    struct mmio_access access = {
        .address = address,
        .pc = frame->pc,
        .size_log2 = ISS_SAS(esr),
        .write = (esr & ISS_WNR) != 0,
    };

    if (access.write)
        access.value = frame->x[ISS_SRT(esr)] & (~UINT64_C(0) >> (64 - (8U << access.size_log2)));
    if (cpu->region.model(&access))
        finish(cpu, frame, esr, address, access.value);
    else
        mmio_aborted(cpu, frame, esr, far, address);
}

/* Not where the last access was. */
static __attribute__((noinline)) void other_region(struct cpu *cpu, struct trap_frame *frame,
                                                   uint64_t esr, uint64_t far, uint64_t address)
{
    struct region region;

    region_find(address, &region);
    if (region.flags & REGION_RAM) {
        /* An access to memory may begin on the page before: only the instruction tells. */
        mmio_slow(cpu, frame, esr, far, address);
        return;
    }
    cpu->region = region;
    mmio_data_abort(cpu, frame, esr);
}

/*
 * Vellum's own access was refused. An unaligned one is so by the mapping of EL2: what the guest's
 * mapping makes of it is another matter.
 */
static __attribute__((noinline)) void refused(struct cpu *cpu, struct trap_frame *frame,
                                              uint64_t esr, uint64_t far, uint64_t address)
{
    if (address & ((UINT64_C(1) << ISS_SAS(esr)) - 1))
        mmio_slow(cpu, frame, esr, far, address);
    else
        mmio_aborted(cpu, frame, esr, far, address);
}

void mmio_data_abort(struct cpu *cpu, struct trap_frame *frame, uint64_t esr)
{
    uint64_t far = sysreg_read(far_el2);
    uint64_t address = mmio_fault_ipa(far);
    const struct region *region = &cpu->region;
    uint64_t value;
    bool ok;

    if (__builtin_expect(!is_complete(frame, esr), 0)) {
        mmio_slow(cpu, frame, esr, far, address);
        return;
    }
    if (__builtin_expect(address - region->start >= region->end - region->start, 0)) {
        other_region(cpu, frame, esr, far, address);
        return;
    }
    if (__builtin_expect(region->model != NULL, 0)) {
        ask_model(cpu, frame, esr, far, address);
        return;
    }
    if (esr & ISS_WNR) {
        value = frame->x[ISS_SRT(esr)];
        ok = guarded_write(address, value, ISS_SAS(esr));
    } else {
        ok = guarded_read(address, ISS_SAS(esr), &value);
    }
    if (__builtin_expect(ok, 1))
        finish(cpu, frame, esr, address, value);
    else
        refused(cpu, frame, esr, far, address);
}

void mmio_instruction_abort(struct cpu *cpu, struct trap_frame *frame, uint64_t esr)
{
    uint64_t far = sysreg_read(far_el2);

    mmio_fetch(cpu, frame, esr, far, mmio_fault_ipa(far));
}
