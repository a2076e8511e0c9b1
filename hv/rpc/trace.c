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

static bool is_guest_ram(uint64_t start, uint64_t size)
{
    return range_in_ram(start, size) && !range_touches_vellum(start, size);
}

unsigned rpc_region_add(struct rpc_call *call)
{
    const uint32_t both = REGION_TRACE_READ | REGION_TRACE_WRITE;
    struct region_add_call args;

    rpc_fixed(call, &args);
    if ((args.flags & ~(both | REGION_RAM)) || !(args.flags & both) ||
        !(args.flags & REGION_RAM ? is_guest_ram(args.start, args.size)
                                  : !range_touches_ram(args.start, args.size)))
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
