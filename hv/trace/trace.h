/*
 * The trace: per CPU, a ring of slots, each a CTF packet under construction, in flight or free.
 * EL2 writes events in place; a closed packet goes out from where it lies (link_submit).
 *
 * Only its own CPU writes a ring; no lock. Formats: trace/events.toml.
 */
#ifndef VELLUM_TRACE_TRACE_H
#define VELLUM_TRACE_TRACE_H

#include "link/link.h"
#include "trace/events.h"

#define TRACE_SLOT_SIZE 65536
#define TRACE_SLOT_COUNT 16
/* What a flush waits for a slow host, microseconds; a dead one does not hold the guest longer. */
#define TRACE_FLUSH_PATIENCE 1000000
/* The frame's header lies right before the packet, and the packet is 32-byte aligned. */
#define TRACE_PACKET_OFFSET 32
#define TRACE_PACKET_SIZE (TRACE_SLOT_SIZE - TRACE_PACKET_OFFSET)

struct trace_cpu {
    uint8_t *cursor;      /* where the next event goes; NULL: no packet is open */
    uint8_t *limit;       /* no event may begin beyond */
    uint64_t last_time;   /* CNTVCT_EL0 of the last event */
    uint64_t discarded;   /* events lost, all in all */
    uint64_t told;        /* so many of them the packets sent have told */
    uint32_t event_count; /* in the open packet */
    uint32_t slot;
    uint32_t cpu_id;
    uint64_t sequence;
    uint8_t *slots; /* TRACE_SLOT_COUNT * TRACE_SLOT_SIZE */
    struct link_tx tx[TRACE_SLOT_COUNT];
};

/* Names the trace, and says what to do when the host is slow. */
void trace_setup(uint64_t uuid_low, uint64_t uuid_high, bool drop);

void trace_init_cpu(struct trace_cpu *trace, uint32_t cpu_id, void *slots);

/* Closes the packet that is open and begins the next one. False: the event is dropped, and counted. */
bool trace_turn_over(struct trace_cpu *trace, uint64_t now);

/* trace_mmio (trace/event.h) when the packet has to be turned over first. */
void trace_mmio_turning(struct trace_cpu *trace, uint64_t now, uint32_t id, uint64_t pc,
                        uint64_t address, uint64_t value);

/*
 * Closes the open packet, if any, and sends it; with none, but events lost since the last, sends an
 * empty one that tells them. Where events may be dropped, it waits for the host no longer than so
 * many microseconds, and leaves the rest to the next flush.
 */
void trace_flush(struct trace_cpu *trace, uint64_t patience);

/* The same on every CPU that runs the guest; returns when all are sent. */
void trace_flush_all(void);

#endif
