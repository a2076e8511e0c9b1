/*
 * Emulation of loads and stores (mmio/emulate.h). Everything is translated before the first element
 * is performed, so that after it only a device can refuse one.
 */
#include "mmio/emulate.h"

#include "cpu/cpu.h"
#include "lib/guarded.h"
#include "mmio/registers.h"
#include "trace/event.h"

#define PAGE LS_PAGE

static bool is_privileged(const struct ls_insn *insn, const struct trap_frame *frame)
{
    if ((frame->pstate & SPSR_EL_MASK) == 0)
        return false;
    return !(insn->flags & LS_UNPRIVILEGED) || (frame->pstate & SPSR_UAO);
}

/* PAR_EL1 of the guest's stage 1 for `va`; the guest's own is kept. */
static uint64_t translate(uint64_t va, bool privileged, bool write)
{
    uint64_t guest_par = sysreg_read(par_el1), par;

    if (privileged && write)
        __asm__ volatile("at s1e1w, %0" : : "r"(va));
    else if (privileged)
        __asm__ volatile("at s1e1r, %0" : : "r"(va));
    else if (write)
        __asm__ volatile("at s1e0w, %0" : : "r"(va));
    else
        __asm__ volatile("at s1e0r, %0" : : "r"(va));
    isb();
    par = sysreg_read(par_el1);
    sysreg_write(par_el1, guest_par);
    return par;
}

/* The IPA of the other page of an access that lies in two. */
static bool find_page(const struct ls_access *access, const struct trap_frame *frame, uint64_t va,
                      uint64_t *page)
{
    bool privileged = is_privileged(&access->insn, frame);
    uint64_t par = translate(va, privileged, access->insn.store);

    /* AT does not know of PSTATE.PAN: a page of EL0's is then not EL1's to access. */
    if (privileged && (frame->pstate & SPSR_PAN) && !(translate(va, false, false) & PAR_F))
        return false;
    *page = PAR_PA(par);
    return !(par & PAR_F);
}

bool ls_locate_pages(struct ls_access *access, const struct trap_frame *frame, uint64_t far,
                     uint64_t address)
{
    uint64_t start = access->va & (PAGE - 1);

    if (start + ((far - access->va) & (BIT(56) - 1)) < PAGE) {
        access->page[0] = address & ~(PAGE - 1);
        return find_page(access, frame, (access->va & ~(PAGE - 1)) + PAGE, &access->page[1]);
    }
    access->page[1] = address & ~(PAGE - 1);
    return find_page(access, frame, access->va, &access->page[0]);
}

void ls_element_record(struct cpu *cpu, const struct region *region, uint64_t pc, uint64_t address,
                       unsigned size_log2, bool write, uint64_t value)
{
    if (region->flags & (write ? REGION_TRACE_WRITE : REGION_TRACE_READ))
        trace_mmio(&cpu->trace, size_log2 | (write ? TRACE_MMIO_WRITE8 : 0), pc, address, value);
}

/* Performs it by the region's model. */
static __attribute__((noinline)) bool ask_model(const struct region *region, uint64_t pc,
                                                uint64_t address, unsigned size_log2, bool write,
                                                uint64_t *value)
{
    struct mmio_access model = {
        .address = address,
        .value = write ? *value & (~UINT64_C(0) >> (64 - (8U << size_log2))) : 0,
        .pc = pc,
        .size_log2 = (uint8_t)size_log2,
        .write = write,
    };
    bool ok = region->model(&model);

    *value = model.value;
    return ok;
}

bool ls_element(struct cpu *cpu, uint64_t pc, uint64_t address, unsigned size_log2, bool write,
                uint64_t *value)
{
    struct region *region = &cpu->slow_region;
    bool ok;

    if (__builtin_expect(address - region->start >= region->end - region->start, 0))
        region_find(address, region);
    if (__builtin_expect(region->model != NULL, 0))
        ok = ask_model(region, pc, address, size_log2, write, value);
    else if (write)
        ok = guarded_write(address, *value, size_log2);
    else
        ok = guarded_read(address, size_log2, value);
    if (__builtin_expect(ok, 1))
        ls_element_record(cpu, region, pc, address, size_log2, write, *value);
    return ok;
}

/* How wide the single accesses are, log2: what the elements are, but at most 8 bytes. */
static unsigned unit_of(const struct ls_access *access)
{
    const struct ls_insn *insn = &access->insn;

    /* Consecutive elements of whole registers are one stream of bytes. */
    if (insn->kind == LS_STRUCTURES && insn->interleave == 1 && !(access->va & 7))
        return 3;
    return insn->size_log2 < 3 ? insn->size_log2 : 3;
}

static uint64_t *in_bytes(uint8_t *bytes, uint64_t offset)
{
    return (uint64_t *)(bytes + offset);
}

static enum ls_outcome transfer(struct cpu *cpu, struct trap_frame *frame,
                                const struct ls_access *access, uint64_t *fault, uint64_t *address)
{
    const struct ls_insn *insn = &access->insn;
    uint8_t bytes[LS_BUFFER] __attribute__((aligned(16)));
    unsigned unit = unit_of(access);

    if (insn->store)
        ls_gather(insn, frame, bytes);
    for (uint64_t offset = 0; offset < access->bytes; offset += UINT64_C(1) << unit) {
        uint64_t value = insn->store ? *in_bytes(bytes, offset) : 0;

        *address = ls_ipa(access, offset);
        if (!ls_element(cpu, frame->pc, *address, unit, insn->store, &value)) {
            *fault = access->va + offset;
            return LS_FAULTED;
        }
        if (insn->load) /* what is too much is overwritten by the next */
            *in_bytes(bytes, offset) = value;
    }
    if (insn->load)
        ls_scatter(insn, frame, bytes);
    ls_write_back(insn, frame);
    return LS_DONE;
}

/*
 * The same for one or two general registers within a page and a region that has no model, which is
 * nearly always so: no bytes between.
 */
static __attribute__((noinline)) enum ls_outcome
transfer_general(struct cpu *cpu, struct trap_frame *frame, const struct ls_access *access,
                 uint64_t *fault, uint64_t *address)
{
    const struct ls_insn *insn = &access->insn;
    const struct region *region = &cpu->slow_region;
    unsigned size = insn->size_log2, count = insn->registers;
    uint64_t value[2] = {frame->x[insn->rt], frame->x[insn->rt2]};
    uint64_t at = ls_ipa(access, 0), pc = frame->pc;
    bool store = insn->store;
    uint64_t traced = region->flags & (store ? REGION_TRACE_WRITE : REGION_TRACE_READ);

    for (unsigned i = 0; i < count; i++, at += UINT64_C(1) << size) {
        bool ok = store ? guarded_write(at, value[i], size) : guarded_read(at, size, &value[i]);

        if (__builtin_expect(!ok, 0)) {
            *address = at;
            *fault = access->va + ((uint64_t)i << size);
            return LS_FAULTED;
        }
        if (traced)
            trace_mmio(&cpu->trace, size | (store ? TRACE_MMIO_WRITE8 : 0), pc, at, value[i]);
    }
    if (!store) {
        ls_set_register(insn, frame, insn->rt, value[0]);
        if (count == 2)
            ls_set_register(insn, frame, insn->rt2, value[1]);
    }
    if (ls_writes_back(insn))
        ls_write_back(insn, frame);
    return LS_DONE;
}

/* Whether transfer_general may. */
static inline bool is_simple(struct cpu *cpu, const struct ls_access *access)
{
    struct region *region = &cpu->slow_region;
    uint64_t at = ls_ipa(access, 0);

    if ((access->insn.kind != LS_PAIR && access->insn.kind != LS_REGISTER) || access->insn.vector ||
        (access->insn.flags & LS_ORDERED) || (at & (PAGE - 1)) + access->bytes > PAGE)
        return false;
    if (at - region->start >= region->end - region->start)
        region_find(at, region);
    return region->model == NULL && region->end - at >= access->bytes;
}

static void barrier(void)
{
    /* The guest's acquire or release, against its other memory, which Vellum's access is not in. */
    __asm__ volatile("dmb ish" : : : "memory");
}

/* What ls_emulate has not done by itself. */
static __attribute__((noinline)) enum ls_outcome emulate_other(struct cpu *cpu,
                                                               struct trap_frame *frame,
                                                               const struct ls_access *access,
                                                               uint64_t *fault, uint64_t *address)
{
    const struct ls_insn *insn = &access->insn;
    enum ls_outcome outcome;

    switch (insn->kind) {
    case LS_REGISTER:
    case LS_PAIR:
    case LS_STRUCTURES:
    case LS_LANE:
    case LS_REPLICATE:
        if (insn->flags & (LS_RELEASE | LS_LIMITED))
            barrier();
        outcome = transfer(cpu, frame, access, fault, address);
        if (insn->flags & (LS_ACQUIRE | LS_RCPC | LS_LIMITED))
            barrier();
        return outcome;
    case LS_EXCLUSIVE:
    case LS_COMPARE_SWAP:
    case LS_ATOMIC:
        return ls_emulate_atomic(cpu, frame, access);
    default:
        return LS_LEFT;
    }
}

enum ls_outcome ls_emulate(struct cpu *cpu, struct trap_frame *frame,
                           const struct ls_access *access, uint64_t *fault, uint64_t *address)
{
    const struct ls_insn *insn = &access->insn;

    /* Not aligned to its element: a Device's fault or several accesses, which only the CPU knows. */
    if ((access->va & ((UINT64_C(1) << insn->size_log2) - 1)) || insn->unpredictable)
        return LS_LEFT;
    if (is_simple(cpu, access))
        return transfer_general(cpu, frame, access, fault, address);
    return emulate_other(cpu, frame, access, fault, address);
}

bool ls_tells(const struct ls_insn *insn)
{
    bool lost = insn->load && !insn->vector &&
                (insn->rt == 31 || (insn->kind == LS_PAIR && insn->rt2 == 31));

    if (insn->unpredictable || lost)
        return false;
    return insn->kind == LS_REGISTER || insn->kind == LS_PAIR || insn->kind == LS_STRUCTURES ||
           insn->kind == LS_LANE || insn->kind == LS_REPLICATE || insn->kind == LS_AUTHENTICATED ||
           insn->kind == LS_BLOCK64 || insn->kind == LS_ZERO;
}

void ls_record(struct cpu *cpu, const struct trap_frame *frame, uint64_t pc,
               const struct ls_access *access)
{
    const struct ls_insn *insn = &access->insn;
    uint8_t bytes[LS_BUFFER] __attribute__((aligned(16)));
    unsigned unit = unit_of(access);

    if (insn->kind != LS_ZERO)
        ls_gather(insn, frame, bytes);
    for (uint64_t offset = 0; offset < access->bytes; offset += UINT64_C(1) << unit) {
        uint64_t address = ls_ipa(access, offset);
        uint64_t value = insn->kind == LS_ZERO ? 0 : *in_bytes(bytes, offset);
        struct region region;

        region_find(address, &region);
        ls_element_record(cpu, &region, pc, address, unit, insn->store, value);
    }
}
