/*
 * Turns packets over: closes the full one and sends it, opens the next. The events themselves are
 * written by trace/event.h.
 */
#include <string.h>

#include "cpu/sysreg.h"
#include "lib/log.h"
#include "link/deadline.h"
#include "trace/event.h"

/* How long the count of lost events waits for a slot. */
#define FINISH_MICROSECONDS 100000

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

void trace_flush(struct trace_cpu *trace)
{
    struct trace_packet *packet = open_packet(trace);
    struct link_tx *tx = &trace->tx[trace->slot];

    if (trace->cursor == NULL)
        return;
    tx->frame = (struct link_frame *)((uint8_t *)packet - sizeof(struct link_frame));
    tx->length = (uint32_t)(trace->cursor - (uint8_t *)packet);
    packet->timestamp_end = trace->last_time;
    packet->content_size = packet->packet_size = (uint64_t)tx->length * 8;
    packet->packet_seq_num = trace->sequence++;
    packet->events_discarded = trace->discarded;
    packet->event_count = trace->event_count;
    trace->told = trace->discarded;
    while (!link_submit(tx, LINK_TRACE))
        link_reap();

    trace->cursor = trace->limit = NULL;
    trace->slot = (trace->slot + 1) % TRACE_SLOT_COUNT;
}

/* Waits for the slot to come back from the device, or says that there is none. */
static bool slot_free(const struct link_tx *tx)
{
    if (!__atomic_load_n(&tx->busy, __ATOMIC_ACQUIRE))
        return true;
    link_reap();
    while (__atomic_load_n(&tx->busy, __ATOMIC_ACQUIRE)) {
        if (setup.drop)
            return false;
        __asm__ volatile("yield");
        link_reap();
    }
    return true;
}

/* Begins a packet in a slot that is free. */
static void begin_packet(struct trace_cpu *trace, uint64_t now)
{
    struct trace_packet *packet = open_packet(trace);

    packet->magic = TRACE_MAGIC;
    memcpy(packet->uuid, setup.uuid, sizeof(packet->uuid));
    packet->stream_id = TRACE_STREAM_ID;
    packet->timestamp_begin = now;
    packet->cpu_id = trace->cpu_id;
    trace->cursor = (uint8_t *)(packet + 1);
    trace->limit = (uint8_t *)packet + TRACE_PACKET_SIZE - TRACE_MAX_EVENT_SIZE;
    trace->event_count = 0;
    trace->last_time = now;
}

/* Closes the packet that is open and begins the next one. False: dropped, and counted. */
bool trace_turn_over(struct trace_cpu *trace, uint64_t now)
{
    trace_flush(trace);
    if (!slot_free(&trace->tx[trace->slot])) {
        trace->discarded++;
        return false;
    }
    begin_packet(trace, now);
    return true;
}

/* Lost events are counted in the packets behind them: here there may be none. */
void trace_finish(struct trace_cpu *trace)
{
    uint64_t deadline = deadline_after(FINISH_MICROSECONDS);

    trace_flush(trace);
    if (trace->told == trace->discarded)
        return;
    while (!slot_free(&trace->tx[trace->slot])) {
        if (deadline_passed(deadline))
            return; /* the host takes nothing; it will ask again */
        __asm__ volatile("yield");
    }
    begin_packet(trace, sysreg_read(cntvct_el0));
    trace_flush(trace);
}

void trace_mmio_turning(struct trace_cpu *trace, uint64_t now, uint32_t id, uint64_t pc,
                        uint64_t address, uint64_t value)
{
    if (trace_turn_over(trace, now))
        trace_put_mmio(trace, now, id, pc, address, value);
}
