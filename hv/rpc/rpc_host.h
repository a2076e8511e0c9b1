/*
 * What the rpc channel asks of the rest of Vellum, beside mmio/region.h, trace/trace.h and
 * lib/guarded.h.
 */
#ifndef VELLUM_RPC_RPC_HOST_H
#define VELLUM_RPC_RPC_HOST_H

#include "fw/machine.h"
#include "link/messages.h"

/* Facts for `hello` that do not come from the FDT. */
struct host_facts {
    struct range vellum; /* RAM that Vellum keeps */
    uint64_t counter_hz; /* CNTFRQ_EL0 */
    uint32_t granule;    /* of stage 2, bytes */
    uint32_t midr;       /* MIDR_EL1 of the boot CPU */
    bool fine_grained_traps;
    uint32_t packet_size; /* of the trace, at most, bytes */
};
void host_facts(struct host_facts *facts);

/* The guest's clock (CNTVCT_EL0), and VBAR_EL1 seen at its last PSCI call. */
uint64_t guest_counter(void);
uint64_t guest_vbar(void);

/* Counts by enum exit, EXIT_COUNT of them; other CPUs go on counting. */
const uint64_t *cpu_exits(unsigned cpu);

/* Where every CPU is now: cpu_ask_all, then cpu_snapshot for each. */
void cpu_ask_all(void);
void cpu_snapshot(unsigned cpu, struct cpu_state_record *record);

/* Cleans the data cache to the point of coherency: a guest starts with its caches off. */
void memory_clean(const void *start, size_t size);

/* Turns the machine off or resets it. */
_Noreturn void machine_stop(bool reset);

#endif
