/*
 * The rpc channel: checks a message, finds its handler in the table that messages.toml makes, sends
 * the reply. Called by link_receive on one CPU at a time, so its buffers need no lock; events are
 * sent from any CPU and use none of them.
 */
#include "rpc/rpc.h"

#include <string.h>

#include "dev/vpl011.h"
#include "lib/log.h"
#include "link/link.h"
#include "rpc/call.h"
#include "rpc/rpc_host.h"

/* The largest replies: mem_read, and the counters or states of all CPUs. */
#define REPLY_ROOM (64 + RPC_MAX_MEMORY)
static_assert(REPLY_ROOM >= sizeof(struct stats_reply) + MAX_CPUS * EXIT_COUNT * sizeof(uint64_t),
              "stats");
static_assert(REPLY_ROOM >=
                  sizeof(struct cpu_state_reply) + MAX_CPUS * sizeof(struct cpu_state_record),
              "cpu_state");
static_assert(sizeof(struct rpc_header) + REPLY_ROOM <= LINK_MAX_PAYLOAD, "one frame a message");

struct entry {
    rpc_handler *handle;
    uint32_t fixed_size;
};

#define ENTRY(type, name, size, tail) [type] = {rpc_##name, size},
static const struct entry table[] = {RPC_CALLS(ENTRY)};
#undef ENTRY

static const struct entry *find(uint16_t type)
{
    return type < ARRAY_SIZE(table) && table[type].handle ? &table[type] : NULL;
}

void rpc_put(struct rpc_call *call, const void *bytes, size_t length)
{
    CHECK(length <= call->reply_room - call->reply_length);
    memcpy(call->reply + call->reply_length, bytes, length);
    call->reply_length += length;
}

/* The header and a body that lies behind it. */
static void send_in_place(struct rpc_header *header, uint16_t type, unsigned status, uint32_t id,
                          size_t length)
{
    header->type = type;
    header->status = (uint16_t)status;
    header->id = id;
    header->length = (uint32_t)length;
    link_send(LINK_RPC, header, sizeof(*header) + length);
}

void rpc_send(uint16_t type, unsigned status, uint32_t id, const void *body, size_t length)
{
    struct {
        struct rpc_header header;
        uint8_t body[32];
    } message;

    CHECK(length <= sizeof(message.body));
    memcpy(message.body, body, length);
    send_in_place(&message.header, type, status, id, length);
}

static void dispatch(const struct rpc_header *header, const uint8_t *body)
{
    static struct {
        struct rpc_header header;
        uint8_t body[REPLY_ROOM];
    } reply;
    const struct entry *entry = find(header->type);
    unsigned status = STATUS_BAD_MESSAGE;
    struct rpc_call call = {
        .id = header->id,
        .type = header->type,
        .fixed = body,
        .reply = reply.body,
        .reply_room = sizeof(reply.body),
    };

    if (entry && header->length >= entry->fixed_size) {
        call.tail = body + entry->fixed_size;
        call.tail_length = header->length - entry->fixed_size;
        status = entry->handle(&call);
    }
    if (status == RPC_NO_REPLY)
        return;
    if (status != STATUS_OK)
        call.reply_length = 0;
    send_in_place(&reply.header, header->type | RPC_REPLY, status, header->id, call.reply_length);
}

void rpc_receive(const void *message, size_t length)
{
    const uint8_t *body = (const uint8_t *)message + sizeof(struct rpc_header);
    struct rpc_header header = {0};

    /* Whatever can be known of a message too short goes into its refusal. */
    memcpy(&header, message, length < sizeof(header) ? length : sizeof(header));
    if (length < sizeof(header) || header.length > length - sizeof(header))
        rpc_send(header.type | RPC_REPLY, STATUS_BAD_MESSAGE, header.id, "", 0);
    else
        dispatch(&header, body);
}

void rpc_event_ready(void)
{
    const struct ready_event event = {.version = RPC_VERSION};

    rpc_send(RPC_EVENT_READY, STATUS_OK, 0, &event, sizeof(event));
}

void rpc_event_guest_stop(enum stop_reason reason, unsigned cpu, uint64_t counter)
{
    const struct guest_stop_event event = {.reason = reason, .cpu = cpu, .counter = counter};

    vpl011_flush();
    rpc_send(RPC_EVENT_GUEST_STOP, STATUS_OK, 0, &event, sizeof(event));
}
