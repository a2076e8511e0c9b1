/*
 * Exclusives, atomics and compare-and-swap of the guest's on watched memory (mmio/emulate.h), by
 * the atomic instructions of EL2 on the same address.
 *
 * Leaving the guest clears its exclusive monitor: a store exclusive to watched memory never succeeds
 * (most CPUs do not even trap it), whoever performs the load exclusive. Registers of devices are not
 * accessed so; memory with a lock that is can be watched only with the lock at a standstill.
 */
#include "cpu/cpu.h"
#include "mmio/atomic.h"
#include "mmio/emulate.h"
#include "mmio/registers.h"

#define FULL_BARRIER() __asm__ volatile("dmb ish" : : : "memory")

/* Bytes of the access as one unit of at most 8 bytes, log2. */
static unsigned unit_of(const struct ls_access *access)
{
    return access->bytes >= 8 ? 3 : (unsigned)__builtin_ctzll(access->bytes);
}

static uint64_t low_bytes(uint64_t value, uint64_t bytes)
{
    return bytes >= 8 ? value : value & (BIT(bytes * 8) - 1);
}

/* Records reads or writes of what may be 16 bytes. */
static void record(struct cpu *cpu, const struct trap_frame *frame, const struct ls_access *access,
                   bool write, const uint64_t value[2])
{
    uint64_t address = ls_ipa(access, 0);
    unsigned unit = unit_of(access);

    ls_element_record(cpu, &cpu->slow_region, frame->pc, address, unit, write, value[0]);
    if (access->bytes == 16)
        ls_element_record(cpu, &cpu->slow_region, frame->pc, address + 8, unit, write, value[1]);
}

/* Compares and swaps 1 to 16 bytes: *old is what was there. */
static bool swap_if_equal(const struct ls_access *access, uint64_t old[2], const uint64_t value[2])
{
    if (access->bytes == 16)
        return guarded_casp(ls_ipa(access, 0), old, value);
    return guarded_cas(ls_ipa(access, 0), unit_of(access), &old[0], value[0]);
}

/* rt and rt2 of an exclusive pair, or the pairs of CASP, in the order of memory. */
static void pair_value(const struct ls_insn *insn, uint64_t first, uint64_t second,
                       uint64_t value[2])
{
    value[0] = first;
    value[1] = second;
    if (insn->registers == 2 && insn->size_log2 == 2)
        value[0] = (uint32_t)first | second << 32;
}

static void set_pair(const struct ls_insn *insn, struct trap_frame *frame, unsigned first,
                     unsigned second, const uint64_t value[2])
{
    bool halves = insn->registers == 2 && insn->size_log2 == 2;

    ls_set_register(insn, frame, first, value[0]);
    if (insn->registers == 2)
        ls_set_register(insn, frame, second, halves ? value[0] >> 32 : value[1]);
}

static enum ls_outcome load_exclusive(struct cpu *cpu, struct trap_frame *frame,
                                      const struct ls_access *access)
{
    const struct ls_insn *insn = &access->insn;
    uint64_t value[2] = {0, 0};

    for (unsigned i = 0; i * 8 < access->bytes; i++)
        if (!ls_element(cpu, frame->pc, ls_ipa(access, 8 * i), unit_of(access), false, &value[i]))
            return LS_FAULTED;
    set_pair(insn, frame, insn->rt, insn->rt2, value);
    return LS_DONE;
}

/* Not stored: the guest's monitor is open, since it has just left for EL2. */
static enum ls_outcome store_exclusive(struct trap_frame *frame, const struct ls_access *access)
{
    if (access->insn.rs != 31)
        frame->x[access->insn.rs] = 1;
    return LS_DONE;
}

static enum ls_outcome compare_swap(struct cpu *cpu, struct trap_frame *frame,
                                    const struct ls_access *access)
{
    const struct ls_insn *insn = &access->insn;
    unsigned second = (insn->rs + 1) % 32;
    uint64_t old[2], expected[2], value[2];

    pair_value(insn, frame->x[insn->rs], frame->x[second], expected);
    pair_value(insn, frame->x[insn->rt], frame->x[(insn->rt + 1) % 32], value);
    expected[0] = old[0] = low_bytes(expected[0], access->bytes);
    old[1] = expected[1];
    if (!swap_if_equal(access, old, value))
        return LS_FAULTED;
    record(cpu, frame, access, false, old);
    if (old[0] == expected[0] && (access->bytes < 16 || old[1] == expected[1]))
        record(cpu, frame, access, true, value);
    set_pair(insn, frame, insn->rs, second, old);
    return LS_DONE;
}

/* What an atomic operation leaves in memory (DDI 0487, shared/functions/memory MemAtomic). */
static uint64_t result_of(unsigned op, unsigned bytes, uint64_t old, uint64_t operand)
{
    unsigned unused = 64 - 8 * bytes;
    int64_t signed_old = (int64_t)(old << unused), signed_operand = (int64_t)(operand << unused);

    old <<= unused;
    operand <<= unused;
    switch (op) {
    case LS_ADD:
        return (old + operand) >> unused;
    case LS_CLR:
        return (old & ~operand) >> unused;
    case LS_EOR:
        return (old ^ operand) >> unused;
    case LS_SET_BITS:
        return (old | operand) >> unused;
    case LS_SMAX:
        return (signed_old > signed_operand ? old : operand) >> unused;
    case LS_SMIN:
        return (signed_old < signed_operand ? old : operand) >> unused;
    case LS_UMAX:
        return (old > operand ? old : operand) >> unused;
    case LS_UMIN:
        return (old < operand ? old : operand) >> unused;
    default: /* LS_SWP */
        return operand >> unused;
    }
}

static enum ls_outcome atomic(struct cpu *cpu, struct trap_frame *frame,
                              const struct ls_access *access)
{
    const struct ls_insn *insn = &access->insn;
    uint64_t operand = frame->x[insn->rs], old[2] = {operand, 0}, result[2] = {0, 0};

    if (!guarded_atomic(ls_ipa(access, 0), insn->op, insn->size_log2, &old[0]))
        return LS_FAULTED;
    result[0] = result_of(insn->op, (unsigned)access->bytes, old[0], operand);
    record(cpu, frame, access, false, old);
    record(cpu, frame, access, true, result);
    ls_set_register(insn, frame, insn->rt, old[0]);
    return LS_DONE;
}

enum ls_outcome ls_emulate_atomic(struct cpu *cpu, struct trap_frame *frame,
                                  const struct ls_access *access)
{
    const struct ls_insn *insn = &access->insn;
    enum ls_outcome outcome;

    /* Not aligned as a whole, as the architecture wants it: a fault, which the CPU gives. */
    if (ls_ipa(access, 0) & (access->bytes - 1))
        return LS_LEFT;
    region_find(ls_ipa(access, 0), &cpu->slow_region);
    if (cpu->slow_region.model != NULL)
        return LS_LEFT;
    FULL_BARRIER();
    if (insn->kind == LS_EXCLUSIVE)
        outcome = insn->load ? load_exclusive(cpu, frame, access) : store_exclusive(frame, access);
    else
        outcome =
            insn->kind == LS_ATOMIC ? atomic(cpu, frame, access) : compare_swap(cpu, frame, access);
    FULL_BARRIER();
    /* A device that takes no such access: the CPU says to the guest what fault that is. */
    return outcome == LS_FAULTED ? LS_LEFT : outcome;
}
