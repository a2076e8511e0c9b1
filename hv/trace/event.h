/*
 * Writes one event into the open packet of this CPU, in place. A straight line of code, inlined
 * where the event arises; only when the packet is full, or the clock's low bits could wrap unseen,
 * does it leave that line (trace_turn_over).
 */
#ifndef VELLUM_TRACE_EVENT_H
#define VELLUM_TRACE_EVENT_H

#include "trace/clock.h"
#include "trace/trace.h"

/* Largest gap of two events in a packet, ticks: half of what the header can tell, to be safe. */
#define TRACE_MAX_GAP BIT(TRACE_TIMESTAMP_BITS - 1)

/* Fields lie unaligned. */
struct trace_field32 {
    uint32_t value;
} __attribute__((packed));

struct trace_field64 {
    uint64_t value;
} __attribute__((packed));

static inline void trace_put32(uint8_t *at, uint32_t value)
{
    ((struct trace_field32 *)at)->value = value;
}

static inline void trace_put64(uint8_t *at, uint64_t value)
{
    ((struct trace_field64 *)at)->value = value;
}

/* No packet is open (cursor and limit are both NULL), the open one is full, or too long ago. */
static inline bool trace_must_turn(const struct trace_cpu *trace, uint64_t now)
{
    return __builtin_expect(
        trace->cursor >= trace->limit || now - trace->last_time >= TRACE_MAX_GAP, 0);
}

/* Appends an event of `size` bytes to the open packet; writes its header. */
static inline uint8_t *trace_append(struct trace_cpu *trace, uint64_t now, uint32_t id, size_t size)
{
    uint8_t *event = trace->cursor;

    trace->cursor = event + size;
    trace->last_time = now;
    trace->event_count++;
    trace_put32(event, id | (uint32_t)(now << TRACE_ID_BITS));
    return event;
}

/* Room for an event, or NULL when it had to be dropped. */
static inline uint8_t *trace_reserve(struct trace_cpu *trace, uint32_t id, size_t size)
{
    uint64_t now = trace_clock();

    if (trace_must_turn(trace, now) && !trace_turn_over(trace, now))
        return NULL;
    return trace_append(trace, now, id, size);
}

/* id: mmio_read8..64 or mmio_write8..64; of `value` only so many bytes are kept. */
static inline void trace_put_mmio(struct trace_cpu *trace, uint64_t now, uint32_t id, uint64_t pc,
                                  uint64_t address, uint64_t value)
{
    uint8_t *event = trace_append(trace, now, id, 20 + (UINT64_C(1) << (id & 3)));

    trace_put64(event + 4, pc);
    trace_put64(event + 12, address);
    /* All 8 bytes: what lies beyond the event is overwritten by the next, or never sent. */
    trace_put64(event + 20, value);
}

static inline void trace_mmio(struct trace_cpu *trace, uint32_t id, uint64_t pc, uint64_t address,
                              uint64_t value)
{
    uint64_t now = trace_clock();

    if (trace_must_turn(trace, now))
        trace_mmio_turning(trace, now, id, pc, address, value);
    else
        trace_put_mmio(trace, now, id, pc, address, value);
}

static inline void trace_mmio_stepped(struct trace_cpu *trace, uint64_t pc, uint64_t address,
                                      uint32_t insn, uint32_t esr)
{
    uint8_t *event = trace_reserve(trace, TRACE_MMIO_STEPPED, TRACE_MMIO_STEPPED_SIZE);

    if (event == NULL)
        return;
    trace_put64(event + 4, pc);
    trace_put64(event + 12, address);
    trace_put32(event + 20, insn);
    trace_put32(event + 24, esr);
}

static inline void trace_mmio_aborted(struct trace_cpu *trace, uint64_t pc, uint64_t address,
                                      uint32_t esr)
{
    uint8_t *event = trace_reserve(trace, TRACE_MMIO_ABORTED, TRACE_MMIO_ABORTED_SIZE);

    if (event == NULL)
        return;
    trace_put64(event + 4, pc);
    trace_put64(event + 12, address);
    trace_put32(event + 20, esr);
}

static inline void trace_trap_unknown(struct trace_cpu *trace, uint64_t pc, uint32_t esr)
{
    uint8_t *event = trace_reserve(trace, TRACE_TRAP_UNKNOWN, TRACE_TRAP_UNKNOWN_SIZE);

    if (event == NULL)
        return;
    trace_put64(event + 4, pc);
    trace_put32(event + 12, esr);
}

#endif
