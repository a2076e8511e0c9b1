/*
 * `hello`: who is there. The host asks until it is answered, so it changes nothing.
 */
#include <string.h>

#include "link/link.h"
#include "rpc/call.h"
#include "rpc/rpc_host.h"

unsigned rpc_hello(struct rpc_call *call)
{
    bool pl011 = link_is_pl011();
    struct host_facts facts;

    host_facts(&facts);
    const struct hello_reply reply = {
        .version = RPC_VERSION,
        .features = pl011 ? FEATURE_PL011_LINK : 0,
        .cpu_count = machine.cpu_count,
        .granule = facts.granule,
        .counter_hz = facts.counter_hz,
        .vellum_base = facts.vellum.start,
        .vellum_size = facts.vellum.size,
        .fdt_address = machine.fdt.pa,
        .fdt_size = machine.fdt_size,
        .link_base = link_device()->base,
        .console_intid = pl011 ? machine.free_spi : 0,
        .midr = facts.midr,
        .fine_grained_traps = facts.fine_grained_traps,
        .packet_size = facts.packet_size,
    };
    rpc_put(call, &reply, sizeof(reply));
    return STATUS_OK;
}
