/*
 * All CPUs: the way into C for each, starting others by PSCI, waiting for them.
 * A waiting CPU sleeps in WFE; whoever changes what it waits for does a SEV after the store.
 */
#include "lib/cpu.h"

#include "lib/payload.h"
#include "lib/psci.h"

struct cpu cpus[MAX_CPUS];
unsigned cpu_count;

extern const char secondary_entry[];
void payload_secondary(unsigned index);

void payload_secondary(unsigned index)
{
    struct cpu *cpu = &cpus[index];

    sysreg_write(tpidr_el1, cpu);
    if ((sysreg_read(mpidr_el1) & MPIDR_AFFINITY) != cpu->mpidr)
        die("cpu%u started with mpidr 0x%lx instead of 0x%lx", index, sysreg_read(mpidr_el1),
            cpu->mpidr);
    cpu->run();
    irq_disable();
    cpu->done = true;
    sev();
    int64_t status = psci_cpu_off();
    die("CPU_OFF returned %ld", status);
}

int64_t cpu_start(unsigned index, void (*run)(void))
{
    cpus[index].run = run;
    cpus[index].done = false;
    dsb();
    return psci_cpu_on(cpus[index].mpidr, (uint64_t)secondary_entry, index);
}

void cpu_wait(unsigned index)
{
    while (!cpus[index].done)
        wfe();
    while (psci_affinity_info(cpus[index].mpidr) != PSCI_AFFINITY_OFF)
        __asm__ volatile("yield");
}

void cpu_run_all(void (*run)(void))
{
    for (unsigned i = 0; i < cpu_count; i++) {
        if (&cpus[i] == this_cpu())
            continue;
        int64_t status = cpu_start(i, run);
        if (status != PSCI_SUCCESS)
            die("CPU_ON of cpu%u returned %ld", i, status);
    }
    run();
    for (unsigned i = 0; i < cpu_count; i++)
        if (&cpus[i] != this_cpu())
            cpu_wait(i);
}

void cpu_meet(volatile unsigned *counter, unsigned count)
{
    __atomic_fetch_add(counter, 1, __ATOMIC_ACQ_REL);
    sev();
    while (*counter < count)
        wfe();
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
}
