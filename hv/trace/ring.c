/*
 * Writes events into the open packet of this CPU, and turns packets over.
 *
 * The path of an event is trace_mmio -> reserve; only when the packet is full, or the clock's low
 * 27 bits could wrap unseen, does it leave that straight line (turn_over).
 */
#include <string.h>

#include "cpu/sysreg.h"
#include "lib/log.h"
#include "trace/trace.h"

/* Largest gap of two events in a packet, ticks: half of what 27 bits can tell, to be safe. */
#define MAX_GAP BIT(26)

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

/* Closes the packet that is open and begins the next one. False: dropped, and counted. */
static __attribute__((noinline)) bool turn_over(struct trace_cpu *trace, uint64_t now)
{
    struct trace_packet *packet;

    trace_flush(trace);
    if (!slot_free(&trace->tx[trace->slot])) {
        trace->discarded++;
        return false;
    }
    packet = open_packet(trace);
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

/* Room for an event of `size` bytes with its header written, or NULL when it had to be dropped. */
static inline uint8_t *reserve(struct trace_cpu *trace, uint32_t id, size_t size)
{
    uint64_t now = sysreg_read(cntvct_el0);
    uint32_t header;
    uint8_t *event;

    /* With no packet open, cursor and limit are both NULL. */
    if (__builtin_expect(trace->cursor >= trace->limit || now - trace->last_time >= MAX_GAP, 0)) {
        if (!turn_over(trace, now))
            return NULL;
    }
    event = trace->cursor;
    trace->cursor = event + size;
    trace->last_time = now;
    trace->event_count++;
    header = id | (uint32_t)(now << TRACE_ID_BITS);
    memcpy(event, &header, sizeof(header));
    return event;
}

static inline void put64(uint8_t *at, uint64_t value)
{
    memcpy(at, &value, sizeof(value));
}

static inline void put32(uint8_t *at, uint32_t value)
{
    memcpy(at, &value, sizeof(value));
}

void trace_mmio(struct trace_cpu *trace, const struct mmio_access *access)
{
    /* mmio_read8..64 are events 0..3, mmio_write8..64 are 4..7. */
    uint32_t id = access->size_log2 | (access->write ? TRACE_MMIO_WRITE8 : TRACE_MMIO_READ8);
    uint8_t *event = reserve(trace, id, 20 + (UINT64_C(1) << access->size_log2));

    if (event == NULL)
        return;
    put64(event + 4, access->pc);
    put64(event + 12, access->address);
    /* All 8 bytes: what lies beyond the event is overwritten by the next, or never sent. */
    put64(event + 20, access->value);
}

void trace_mmio_stepped(struct trace_cpu *trace, uint64_t pc, uint64_t address, uint32_t insn,
                        uint32_t esr)
{
    uint8_t *event = reserve(trace, TRACE_MMIO_STEPPED, TRACE_MMIO_STEPPED_SIZE);

    if (event == NULL)
        return;
    put64(event + 4, pc);
    put64(event + 12, address);
    put32(event + 20, insn);
    put32(event + 24, esr);
}

void trace_mmio_aborted(struct trace_cpu *trace, uint64_t pc, uint64_t address, uint32_t esr)
{
    uint8_t *event = reserve(trace, TRACE_MMIO_ABORTED, TRACE_MMIO_ABORTED_SIZE);

    if (event == NULL)
        return;
    put64(event + 4, pc);
    put64(event + 12, address);
    put32(event + 20, esr);
}

void trace_trap_unknown(struct trace_cpu *trace, uint64_t pc, uint32_t esr)
{
    uint8_t *event = reserve(trace, TRACE_TRAP_UNKNOWN, TRACE_TRAP_UNKNOWN_SIZE);

    if (event == NULL)
        return;
    put64(event + 4, pc);
    put32(event + 12, esr);
}
