/*
 * `stats` and `cpu_state`: what the CPUs have done, and where they are.
 */
#include "rpc/call.h"
#include "rpc/rpc_host.h"

unsigned rpc_stats(struct rpc_call *call)
{
    const struct stats_reply reply = {
        .counter = guest_counter(),
        .guest_vbar = guest_vbar(),
        .cpu_count = machine.cpu_count,
        .exit_count = EXIT_COUNT,
    };

    rpc_put(call, &reply, sizeof(reply));
    for (unsigned cpu = 0; cpu < machine.cpu_count; cpu++)
        rpc_put(call, cpu_exits(cpu), EXIT_COUNT * sizeof(uint64_t));
    return STATUS_OK;
}

unsigned rpc_cpu_state(struct rpc_call *call)
{
    const struct cpu_state_reply reply = {.cpu_count = machine.cpu_count};

    rpc_put(call, &reply, sizeof(reply));
    cpu_ask_all();
    for (unsigned cpu = 0; cpu < machine.cpu_count; cpu++) {
        struct cpu_state_record record = {0};
        cpu_snapshot(cpu, &record);
        rpc_put(call, &record, sizeof(record));
    }
    return STATUS_OK;
}
