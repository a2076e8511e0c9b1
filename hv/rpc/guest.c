/*
 * `guest_start`: kept here until the boot CPU's main loop takes it (rpc_take_start) and answers it
 * (rpc_start_reply). Once for good: a guest that resets resets the machine, and Vellum with it.
 */
#include "rpc/guest.h"

#include <string.h>

#include "rpc/call.h"
#include "rpc/ranges.h"
#include "rpc/rpc.h"
#include "rpc/rpc_host.h"

enum start_state { START_NOT_ASKED, START_ASKED, START_TAKEN };

static struct guest_start_call start;
static uint32_t start_id;
static enum start_state state; /* atomic; release when `start` has been written */

unsigned rpc_guest_start(struct rpc_call *call)
{
    struct guest_start_call args;

    rpc_fixed(call, &args);
    if (guest_has_started())
        return STATUS_NOT_NOW;
    if (args.entry % 4 || !range_in_ram(args.entry, 4) || range_touches_vellum(args.entry, 4))
        return STATUS_BAD_ARGUMENT;
    start = args;
    start_id = call->id;
    __atomic_store_n(&state, START_ASKED, __ATOMIC_RELEASE);
    return RPC_NO_REPLY;
}

bool guest_has_started(void)
{
    return __atomic_load_n(&state, __ATOMIC_RELAXED) != START_NOT_ASKED;
}

bool rpc_take_start(struct guest_start_call *out)
{
    /* Acquire: pairs with the release in rpc_guest_start. */
    if (__atomic_load_n(&state, __ATOMIC_ACQUIRE) != START_ASKED)
        return false;
    *out = start;
    __atomic_store_n(&state, START_TAKEN, __ATOMIC_RELAXED);
    return true;
}

void rpc_start_reply(uint64_t counter)
{
    const struct guest_start_reply reply = {.counter = counter};

    rpc_send(RPC_GUEST_START | RPC_REPLY, STATUS_OK, start_id, &reply, sizeof(reply));
}
