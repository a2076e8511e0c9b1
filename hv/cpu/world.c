/*
 * Stopping the world (cpu/world.h).
 */
#include "cpu/world.h"

#include "cpu/cpu.h"
#include "irq/gic.h"
#include "lib/yield.h"
#include "link/deadline.h"

/* A CPU comes within microseconds; one that does not is wedged, and is not waited for for ever. */
#define PATIENCE 5000000 /* microseconds */

static bool stopped; /* atomic */

void world_pause(void)
{
    struct cpu *cpu = cpu_self();

    /* Acquire: pairs with the release in world_go, behind which is what has been changed. */
    if (!__atomic_load_n(&stopped, __ATOMIC_ACQUIRE))
        return;
    cpu->region = cpu->slow_region = (struct region){0}; /* what they remember may be gone */
    do {
        __atomic_store_n(&cpu->paused, true, __ATOMIC_RELEASE);
        while (__atomic_load_n(&stopped, __ATOMIC_ACQUIRE))
            cpu_yield();
        /*
         * Not paused, then a last look: pairs with world_stop, which stops, then looks who is paused.
         * One that stops the world again right away must not take this pause for the next.
         */
        __atomic_store_n(&cpu->paused, false, __ATOMIC_SEQ_CST);
    } while (__atomic_load_n(&stopped, __ATOMIC_SEQ_CST));
    isb(); /* its next walk of stage 2 sees the new one */
}

static bool runs(const struct cpu *cpu)
{
    return __atomic_load_n(&cpu->state, __ATOMIC_SEQ_CST) == CPU_STATE_ON;
}

/* Until `cpu` waits in world_pause, or has gone off. */
static bool await_pause(const struct cpu *cpu, uint64_t deadline)
{
    /* Pairs with the stores in world_pause: what it did before is done, and the pause is this one. */
    while (runs(cpu) && !__atomic_load_n(&cpu->paused, __ATOMIC_SEQ_CST)) {
        if (deadline_passed(deadline))
            return false;
        cpu_yield();
    }
    return true;
}

bool world_stop(void)
{
    struct cpu *self = cpu_self();
    uint64_t deadline = deadline_after(PATIENCE);

    self->region = self->slow_region = (struct region){0};
    /* Before the states are read: pairs with cpu_enter_guest, which writes its state, then looks. */
    __atomic_store_n(&stopped, true, __ATOMIC_SEQ_CST);
    for (unsigned i = 0; i < machine.cpu_count; i++) {
        if (&cpus[i] != self && runs(&cpus[i]))
            gic_send_sgi(&cpus[i]);
    }
    for (unsigned i = 0; i < machine.cpu_count; i++) {
        if (&cpus[i] != self && !await_pause(&cpus[i], deadline)) {
            world_go();
            return false;
        }
    }
    return true;
}

void world_go(void)
{
    __atomic_store_n(&stopped, false, __ATOMIC_RELEASE);
}
