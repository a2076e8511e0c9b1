/*
 * `trace_setup`, `region_add` and `flush`: what is traced, and that it reaches the host.
 */
#include <string.h>

#include "dev/vpl011.h"
#include "mmio/region.h"
#include "rpc/call.h"
#include "rpc/guest.h"
#include "rpc/ranges.h"
#include "trace/trace.h"

unsigned rpc_trace_setup(struct rpc_call *call)
{
    struct trace_setup_call args;

    rpc_fixed(call, &args);
    if (guest_has_started())
        return STATUS_NOT_NOW;
    if (args.policy & ~TRACE_POLICY_DROP)
        return STATUS_BAD_ARGUMENT;
    trace_setup(args.uuid_low, args.uuid_high, args.policy & TRACE_POLICY_DROP);
    return STATUS_OK;
}

unsigned rpc_region_add(struct rpc_call *call)
{
    struct region_add_call args;

    rpc_fixed(call, &args);
    if (args.flags == 0 || (args.flags & ~(REGION_TRACE_READ | REGION_TRACE_WRITE)) ||
        range_touches_ram(args.start, args.size))
        return STATUS_BAD_ARGUMENT;
    const struct region region = {
        .start = args.start,
        .end = args.start + args.size,
        .flags = args.flags,
        .exit = EXIT_MMIO_UNTRACED,
    };
    return region_add(&region);
}

unsigned rpc_flush(struct rpc_call *call)
{
    (void)call;
    vpl011_flush();
    trace_flush_all();
    return STATUS_OK;
}
