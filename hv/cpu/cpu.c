/*
 * The CPUs as Vellum sees them, and asking all of them something.
 */
#include "cpu/cpu.h"

#include "cpu/world.h"
#include "irq/gic.h"
#include "lib/yield.h"
#include "link/deadline.h"
#include "mem/pool.h"
#include "mem/stage1.h"

struct cpu cpus[MAX_CPUS];

/*
 * Longest wait for a CPU to answer, microseconds. It takes microseconds, unless that CPU waits for a slow
 * host to take its trace: then the last events are worth a while.
 */
#define ANSWER_TIMEOUT 5000000

struct cpu *cpu_by_mpidr(uint64_t mpidr)
{
    for (unsigned i = 0; i < machine.cpu_count; i++) {
        if (cpus[i].mpidr == (mpidr & MPIDR_AFFINITY))
            return &cpus[i];
    }
    return NULL;
}

/* A stack in the upper half of its block, the lower half a guard (trap/vectors.S relies on it). */
static uint64_t new_stack(void)
{
    uint64_t block = (uint64_t)pool_take(2 * STACK_SIZE, 2 * STACK_SIZE);

    stage1_guard(block, STACK_SIZE);
    return block + 2 * STACK_SIZE;
}

void cpu_init_all(void)
{
    for (unsigned i = 0; i < machine.cpu_count; i++) {
        struct cpu *cpu = &cpus[i];

        cpu->index = i;
        cpu->mpidr = machine.cpu_mpidr[i] & MPIDR_AFFINITY;
        cpu->stack = new_stack();
        cpu->emergency_stack = new_stack();
        trace_init_cpu(&cpu->trace, i, pool_take(TRACE_SLOT_COUNT * TRACE_SLOT_SIZE, 4096));
    }
}

void cpu_set_on(struct cpu *cpu)
{
    enum cpu_state state = __atomic_load_n(&cpu->state, __ATOMIC_RELAXED);

    do {
        while (state == CPU_STATE_HELD)
            state = __atomic_load_n(&cpu->state, __ATOMIC_RELAXED);
        /* Pairs with the release in finish_trace_of; and with world_stop, which stops the world,
         * then reads states: whoever calls this looks at the world after it. */
    } while (!__atomic_compare_exchange_n(&cpu->state, &state, CPU_STATE_ON, false,
                                          __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
}

/* A CPU that went off while the link had no room could not tell what it had lost. */
static void finish_trace_of(struct cpu *cpu)
{
    enum cpu_state state = CPU_STATE_OFF;

    if (!__atomic_compare_exchange_n(&cpu->state, &state, CPU_STATE_HELD, false, __ATOMIC_ACQUIRE,
                                     __ATOMIC_RELAXED))
        return;
    trace_flush(&cpu->trace, TRACE_FLUSH_PATIENCE);
    __atomic_store_n(&cpu->state, CPU_STATE_OFF, __ATOMIC_RELEASE);
}

void cpu_answer(struct cpu *cpu, const struct trap_frame *frame)
{
    world_pause();
    if (!__atomic_load_n(&cpu->asked, __ATOMIC_ACQUIRE))
        return;
    trace_flush(&cpu->trace, TRACE_FLUSH_PATIENCE);
    if (frame != NULL)
        cpu->snapshot = (struct cpu_snapshot){frame->pc, frame->pstate, sysreg_read(vbar_el12)};
    /* Release: pairs with the acquire in cpu_ask_all. */
    __atomic_store_n(&cpu->asked, false, __ATOMIC_RELEASE);
}

void cpu_ask_all(void)
{
    struct cpu *self = cpu_self();
    uint64_t deadline;

    trace_flush(&self->trace, TRACE_FLUSH_PATIENCE);
    for (unsigned i = 0; i < machine.cpu_count; i++) {
        struct cpu *cpu = &cpus[i];

        finish_trace_of(cpu);
        if (cpu == self || __atomic_load_n(&cpu->state, __ATOMIC_ACQUIRE) != CPU_STATE_ON)
            continue;
        __atomic_store_n(&cpu->asked, true, __ATOMIC_RELEASE);
        gic_send_sgi(cpu);
    }
    deadline = deadline_after(ANSWER_TIMEOUT);
    for (unsigned i = 0; i < machine.cpu_count; i++) {
        while (__atomic_load_n(&cpus[i].asked, __ATOMIC_ACQUIRE) && &cpus[i] != self &&
               __atomic_load_n(&cpus[i].state, __ATOMIC_ACQUIRE) == CPU_STATE_ON &&
               !deadline_passed(deadline)) {
            cpu_answer(self, NULL); /* two that ask each other must not wait for ever */
            cpu_yield();
        }
    }
}

void trace_flush_all(void)
{
    cpu_ask_all();
}
