/*
 * `mem_read` and `mem_write`: RAM, by physical address. Vellum's own may be read (the FDT is
 * there), not written. Devices are neither: a copy makes accesses of any size and number.
 */
#include <string.h>

#include "lib/guarded.h"
#include "rpc/call.h"
#include "rpc/ranges.h"
#include "rpc/rpc_host.h"

unsigned rpc_mem_read(struct rpc_call *call)
{
    struct mem_read_call args;

    rpc_fixed(call, &args);
    if (args.length > RPC_MAX_MEMORY || !range_in_ram(args.address, args.length))
        return STATUS_BAD_ARGUMENT;
    const struct mem_read_reply reply = {.address = args.address};
    rpc_put(call, &reply, sizeof(reply));
    if (!guarded_copy(call->reply + call->reply_length, (const void *)args.address, args.length))
        return STATUS_FAULT;
    call->reply_length += args.length;
    return STATUS_OK;
}

unsigned rpc_mem_write(struct rpc_call *call)
{
    struct mem_write_call args;

    rpc_fixed(call, &args);
    if (call->tail_length > RPC_MAX_MEMORY || !range_in_ram(args.address, call->tail_length) ||
        range_touches_vellum(args.address, call->tail_length))
        return STATUS_BAD_ARGUMENT;
    if (!guarded_copy((void *)args.address, call->tail, call->tail_length))
        return STATUS_FAULT;
    memory_clean((const void *)args.address, call->tail_length);
    const struct mem_write_reply reply = {.address = args.address};
    rpc_put(call, &reply, sizeof(reply));
    return STATUS_OK;
}
