/*
 * Events and packets of the trace. From hv/trace/events.toml.
 * Written by `python -m vellum.codegen`; do not edit.
 */
/* clang-format off */
#ifndef VELLUM_TRACE_EVENTS_H
#define VELLUM_TRACE_EVENTS_H

#include "lib/types.h"

#define TRACE_MAGIC UINT32_C(0xc1fc1fc1)
#define TRACE_STREAM_ID 0

/* An event's header, one u32: id in the low bits, the counter's low bits above it. */
#define TRACE_ID_BITS 5
#define TRACE_TIMESTAMP_BITS 27

/* What a packet begins with: CTF's packet header and packet context. */
struct trace_packet {
    uint32_t magic;
    uint8_t uuid[16];
    uint32_t stream_id;
    uint64_t timestamp_begin;
    uint64_t timestamp_end;
    uint64_t content_size;
    uint64_t packet_size;
    uint64_t packet_seq_num;
    uint64_t events_discarded;
    uint32_t cpu_id;
    uint32_t event_count;
};
static_assert(offsetof(struct trace_packet, magic) == 0, "wire");
static_assert(offsetof(struct trace_packet, uuid) == 4, "wire");
static_assert(offsetof(struct trace_packet, stream_id) == 20, "wire");
static_assert(offsetof(struct trace_packet, timestamp_begin) == 24, "wire");
static_assert(offsetof(struct trace_packet, timestamp_end) == 32, "wire");
static_assert(offsetof(struct trace_packet, content_size) == 40, "wire");
static_assert(offsetof(struct trace_packet, packet_size) == 48, "wire");
static_assert(offsetof(struct trace_packet, packet_seq_num) == 56, "wire");
static_assert(offsetof(struct trace_packet, events_discarded) == 64, "wire");
static_assert(offsetof(struct trace_packet, cpu_id) == 72, "wire");
static_assert(offsetof(struct trace_packet, event_count) == 76, "wire");
static_assert(sizeof(struct trace_packet) == 80, "wire");

enum trace_event {
    TRACE_MMIO_READ8 = 0,
    TRACE_MMIO_READ16 = 1,
    TRACE_MMIO_READ32 = 2,
    TRACE_MMIO_READ64 = 3,
    TRACE_MMIO_WRITE8 = 4,
    TRACE_MMIO_WRITE16 = 5,
    TRACE_MMIO_WRITE32 = 6,
    TRACE_MMIO_WRITE64 = 7,
    TRACE_MMIO_STEPPED = 8,
    TRACE_MMIO_ABORTED = 9,
    TRACE_TRAP_UNKNOWN = 10,
    TRACE_EVENT_COUNT
};

/* Bytes of an event, its header included; fields follow each other unaligned. */
#define TRACE_MMIO_READ8_SIZE 21
#define TRACE_MMIO_READ16_SIZE 22
#define TRACE_MMIO_READ32_SIZE 24
#define TRACE_MMIO_READ64_SIZE 28
#define TRACE_MMIO_WRITE8_SIZE 21
#define TRACE_MMIO_WRITE16_SIZE 22
#define TRACE_MMIO_WRITE32_SIZE 24
#define TRACE_MMIO_WRITE64_SIZE 28
#define TRACE_MMIO_STEPPED_SIZE 28
#define TRACE_MMIO_ABORTED_SIZE 24
#define TRACE_TRAP_UNKNOWN_SIZE 16
#define TRACE_MAX_EVENT_SIZE 28

#endif
