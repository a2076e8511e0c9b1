/*
 * Turns packets over: closes the full one and sends it, opens the next. The events themselves are
 * written by trace/event.h.
 */
#include <string.h>

#include "cpu/world.h"
#include "lib/yield.h"
#include "link/deadline.h"
#include "trace/event.h"

static struct {
    uint64_t uuid[2];
    bool drop;
} setup;

void trace_setup(uint64_t uuid_low, uint64_t uuid_high, bool drop)
{
    setup.uuid[0] = uuid_low;
    setup.uuid[1] = uuid_high;
    setup.drop = drop;
}

void trace_init_cpu(struct trace_cpu *trace, uint32_t cpu_id, void *slots)
{
    memset(trace, 0, sizeof(*trace));
    trace->cpu_id = cpu_id;
    trace->slots = slots;
}

static struct trace_packet *open_packet(const struct trace_cpu *trace)
{
    return (struct trace_packet *)(trace->slots + trace->slot * TRACE_SLOT_SIZE +
                                   TRACE_PACKET_OFFSET);
}

/* One turn of waiting for the host. It may take long: who stops the world must not wait for it. */
static void wait_for_link(void)
{
    cpu_yield();
    world_pause();
    link_reap();
}

/* Sends the packet that is open. False: the transport has no room, it stays open. */
static bool close_packet(struct trace_cpu *trace)
{
    struct trace_packet *packet = open_packet(trace);
    struct link_tx *tx = &trace->tx[trace->slot];

    tx->frame = (struct link_frame *)((uint8_t *)packet - sizeof(struct link_frame));
    tx->length = (uint32_t)(trace->cursor - (uint8_t *)packet);
    packet->timestamp_end = trace->last_time;
    packet->content_size = packet->packet_size = (uint64_t)tx->length * 8;
    packet->packet_seq_num = trace->sequence;
    packet->events_discarded = trace->discarded;
    packet->event_count = trace->event_count;
    if (!link_submit(tx, LINK_TRACE))
        return false;

    trace->sequence++;
    trace->told = trace->discarded;
    trace->cursor = trace->limit = NULL;
    trace->slot = (trace->slot + 1) % TRACE_SLOT_COUNT;
    return true;
}

/* Begins a packet, with none open. False: the device still reads the slot. */
static bool begin_packet(struct trace_cpu *trace, uint64_t now)
{
    struct trace_packet *packet = open_packet(trace);

    /* Acquire: pairs with transport_done; the device has read the memory that we write next. */
    if (__atomic_load_n(&trace->tx[trace->slot].busy, __ATOMIC_ACQUIRE))
        return false;
    packet->magic = TRACE_MAGIC;
    memcpy(packet->uuid, setup.uuid, sizeof(packet->uuid));
    packet->stream_id = TRACE_STREAM_ID;
    packet->timestamp_begin = now;
    packet->cpu_id = trace->cpu_id;
    trace->cursor = (uint8_t *)(packet + 1);
    trace->limit = (uint8_t *)packet + TRACE_PACKET_SIZE - TRACE_MAX_EVENT_SIZE;
    trace->event_count = 0;
    trace->last_time = now;
    return true;
}

static bool try_turn_over(struct trace_cpu *trace, uint64_t now)
{
    return (trace->cursor == NULL || close_packet(trace)) && begin_packet(trace, now);
}

bool trace_turn_over(struct trace_cpu *trace, uint64_t now)
{
    if (try_turn_over(trace, now))
        return true;
    link_reap();
    while (!try_turn_over(trace, now)) {
        if (setup.drop) {
            trace->discarded++;
            return false;
        }
        wait_for_link();
    }
    return true;
}

/* Everything that there is to send. False: no room yet. */
static bool try_flush(struct trace_cpu *trace)
{
    if (trace->cursor == NULL) {
        if (trace->told == trace->discarded)
            return true;
        if (!begin_packet(trace, trace_clock()))
            return false;
    }
    return close_packet(trace);
}

void trace_flush(struct trace_cpu *trace, uint64_t patience)
{
    uint64_t deadline = deadline_after(patience);

    while (!try_flush(trace)) {
        if (setup.drop && deadline_passed(deadline))
            return;
        wait_for_link();
    }
}

void trace_mmio_turning(struct trace_cpu *trace, uint64_t now, uint32_t id, uint64_t pc,
                        uint64_t address, uint64_t value)
{
    if (trace_turn_over(trace, now))
        trace_put_mmio(trace, now, id, pc, address, value);
}
