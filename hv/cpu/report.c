/*
 * What the rpc channel may ask of the CPUs and the machine (rpc/rpc_host.h).
 */
#include "cpu/cpu.h"
#include "cpu/psci.h"
#include "entry/layout.h"
#include "mem/granule.h"
#include "rpc/rpc_host.h"

void host_facts(struct host_facts *facts)
{
    *facts = (struct host_facts){
        .vellum = vellum_range,
        .counter_hz = sysreg_read(cntfrq_el0),
        .granule = UINT32_C(1) << granule_shift(),
        .midr = (uint32_t)sysreg_read(midr_el1),
        .fine_grained_traps = id_field(id_aa64mmfr0_el1, 56) != 0,
        .packet_size = TRACE_PACKET_SIZE,
    };
}

uint64_t guest_counter(void)
{
    return sysreg_read(cntvct_el0);
}

uint64_t guest_vbar(void)
{
    return psci_guest_vbar();
}

const uint64_t *cpu_exits(unsigned cpu)
{
    return cpus[cpu].exits;
}

void cpu_snapshot(unsigned cpu, struct cpu_state_record *record)
{
    const struct cpu_snapshot *snapshot = &cpus[cpu].snapshot;

    *record = (struct cpu_state_record){
        .mpidr = cpus[cpu].mpidr,
        .pc = snapshot->pc,
        .pstate = snapshot->pstate,
        .vbar = snapshot->vbar,
        .online = __atomic_load_n(&cpus[cpu].state, __ATOMIC_ACQUIRE) == CPU_STATE_ON,
    };
}

void memory_clean(const void *start, size_t size)
{
    uint64_t line = UINT64_C(4) << FIELD(sysreg_read(ctr_el0), 19, 16);

    for (uint64_t at = ALIGN_DOWN((uint64_t)start, line); at < (uint64_t)start + size; at += line)
        __asm__ volatile("dc cvac, %0" : : "r"(at) : "memory");
    __asm__ volatile("dsb sy" : : : "memory");
}
