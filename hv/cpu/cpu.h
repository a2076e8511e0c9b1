/*
 * What Vellum keeps for each CPU. TPIDR_EL2 of a CPU points to its own; others may read the fields
 * that say so, and write those only.
 */
#ifndef VELLUM_CPU_CPU_H
#define VELLUM_CPU_CPU_H

#include "cpu/cpu_offsets.h"
#include "cpu/sysreg.h"
#include "fw/machine.h"
#include "link/messages.h"
#include "mmio/emulate.h"
#include "mmio/region.h"
#include "trace/trace.h"
#include "trap/frame.h"

enum cpu_state {
    CPU_STATE_OFF,
    CPU_STATE_HELD, /* off, and must not come on: another CPU ends its trace */
    CPU_STATE_ON,
};

/* An instruction being single-stepped on the open stage 2 (mmio/step.c). */
struct cpu_step {
    bool active;
    uint64_t pc;
    uint64_t daif;  /* the guest's, while its PSTATE has all masked */
    uint64_t mdscr; /* the guest's MDSCR_EL1 */
    bool records;   /* what it accesses is to be recorded once it has */
    struct ls_access access;
};

/* Where a CPU's guest was when last asked (cpu_snapshot_self). */
struct cpu_snapshot {
    uint64_t pc;
    uint64_t pstate;
    uint64_t vbar;
};

struct cpu {
    uint64_t stack;           /* top */
    uint64_t emergency_stack; /* top; for an overflow of the first */
    uint64_t exits[EXIT_COUNT];
    struct trace_cpu trace;
    struct region region; /* of the last access (mmio/abort.c): the next is often there too */
    /* The same for mmio/slow.c: region, instruction, and whether that is a known load or store. */
    struct region slow_region;
    uint32_t slow_word;
    bool slow_decoded;
    struct ls_access slow_access;
    struct cpu_step step;
    struct cpu_snapshot snapshot;

    uint64_t mpidr;
    unsigned index;
    uint64_t gicr;  /* base of its redistributor's RD frame */
    uint64_t entry; /* where the guest wants to start on this CPU, and x0 there */
    uint64_t context;
    enum cpu_state state; /* atomic */
    bool asked;           /* atomic: another CPU wants a flush and a snapshot */
    bool paused;          /* atomic: it waits in world_pause */
};

static_assert(offsetof(struct cpu, stack) == CPU_STACK, "cpu/cpu_offsets.h");
static_assert(offsetof(struct cpu, emergency_stack) == CPU_EMERGENCY_STACK, "cpu/cpu_offsets.h");
static_assert(offsetof(struct cpu, exits[EXIT_HVC]) == CPU_EXIT_HVC, "cpu/cpu_offsets.h");

extern struct cpu cpus[MAX_CPUS];

static inline struct cpu *cpu_self(void)
{
    return (struct cpu *)sysreg_read(tpidr_el2);
}

/* The CPU of that affinity (MPIDR_EL1 & MPIDR_AFFINITY), or NULL. */
struct cpu *cpu_by_mpidr(uint64_t mpidr);

/* Fills cpus[] from the machine, with a stack each. */
void cpu_init_all(void);

/* Sets EL2 up on this CPU so that its guest has everything; then cpu_enter_guest. */
void cpu_setup_el2(struct cpu *cpu);

/* Enters the guest at cpu->entry: EL1h, MMU off, interrupts masked, x0 = cpu->context. */
_Noreturn void cpu_enter_guest(struct cpu *cpu);

/* This CPU runs the guest from now on. */
void cpu_set_on(struct cpu *cpu);

/* Every CPU that runs the guest closes its trace packet and says where it is; waits for all. */
void cpu_ask_all(void);

/* This CPU's part of it, when asked by another. */
void cpu_answer(struct cpu *cpu, const struct trap_frame *frame);

/* Entry of a CPU that PSCI has turned on (entry/head.S), its physical address is what firmware gets. */
void secondary_entry(void);

#endif
