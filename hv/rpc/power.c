/*
 * `machine_off` and `machine_reset`: everything out, the reply last, then the machine stops.
 */
#include "dev/vpl011.h"
#include "link/link.h"
#include "rpc/call.h"
#include "rpc/rpc_host.h"
#include "trace/trace.h"

/* A host that asked for the end and then does not read is not waited for. */
#define DRAIN_MICROSECONDS 5000000

static _Noreturn void stop(const struct rpc_call *call, bool reset)
{
    vpl011_flush();
    trace_flush_all();
    rpc_send(call->type | RPC_REPLY, STATUS_OK, call->id, "", 0);
    link_drain(DRAIN_MICROSECONDS);
    machine_stop(reset);
}

unsigned rpc_machine_off(struct rpc_call *call)
{
    stop(call, false);
}

unsigned rpc_machine_reset(struct rpc_call *call)
{
    stop(call, true);
}
