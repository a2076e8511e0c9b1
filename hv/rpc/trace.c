/*
 * `trace_setup`, `region_add`, `region_change` and `flush`: what is traced, and that it reaches the host.
 */
#include <string.h>

#include "cpu/world.h"
#include "dev/vpl011.h"
#include "mem/stage2.h"
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

#define TRACE_FLAGS (REGION_TRACE_READ | REGION_TRACE_WRITE)

/* Applies a change of the table of regions; `change` may be called with the world stopped. */
static unsigned update(unsigned (*change)(const struct region *), const struct region *region)
{
    unsigned status;

    if (!guest_has_started())
        return change(region);
    if (!stage2_has_room())
        return STATUS_NO_ROOM;
    if (!world_stop())
        return STATUS_NOT_NOW;
    status = change(region);
    if (status == STATUS_OK)
        stage2_update(region->start, region->end);
    world_go();
    return status;
}

static unsigned change_flags(const struct region *region)
{
    return region_change(region->start, region->end, region->flags);
}

unsigned rpc_region_add(struct rpc_call *call)
{
    struct region_add_call args;

    rpc_fixed(call, &args);
    if ((args.flags & ~(TRACE_FLAGS | REGION_RAM)) || !(args.flags & TRACE_FLAGS) ||
        !(args.flags & REGION_RAM ? is_guest_ram(args.start, args.size)
                                  : !range_touches_ram(args.start, args.size)))
        return STATUS_BAD_ARGUMENT;
    const struct region region = {
        .start = args.start,
        .end = args.start + args.size,
        .flags = args.flags,
        .exit = EXIT_MMIO_UNTRACED,
    };
    return update(region_add, &region);
}

unsigned rpc_region_change(struct rpc_call *call)
{
    struct region_change_call args;

    rpc_fixed(call, &args);
    if (args.size == 0 || args.start + args.size < args.start || (args.flags & ~TRACE_FLAGS))
        return STATUS_BAD_ARGUMENT;
    const struct region region = {
        .start = args.start, .end = args.start + args.size, .flags = args.flags};
    return update(change_flags, &region);
}

unsigned rpc_flush(struct rpc_call *call)
{
    (void)call;
    vpl011_flush();
    trace_flush_all();
    return STATUS_OK;
}
