/*
 * The ring of trace packets and the writing of events: whatever the host's pace, each event is in
 * exactly one packet or counted as dropped, and no packet is touched while the link has it.
 */
#include <stdlib.h>
#include <string.h>

#include "cpu/world.h"
#include "link/deadline.h"
#include "test.h"
#include "trace/event.h"

#define MAX_EVENTS 200000

struct event {
    uint64_t time;
    uint32_t id;
    uint8_t fields[24]; /* as on the wire */
};

/* Bytes of the fields by id, from the metadata that trace/events.toml gives. */
static const unsigned field_bytes[] = {17, 18, 20, 24, 17, 18, 20, 24, 24, 20, 12};

static struct trace_cpu trace;
static uint8_t *slots;
static uint64_t now, microseconds;

/* --- a link and a host --------------------------------------------------------------------- */

static struct {
    struct link_tx *tx[256];
    uint8_t *copy[256]; /* of what was submitted */
    unsigned count;
    unsigned room;  /* packets that the transport takes */
    unsigned every; /* the host takes a packet at every so many reaps; 0: never */
    unsigned reaps;
} link;

static struct trace_packet headers[4000];
static unsigned packet_count;
static struct event decoded[MAX_EVENTS], written[MAX_EVENTS];
static unsigned decoded_count, written_count;
static uint64_t attempts;

uint64_t trace_clock(void)
{
    return now;
}

uint64_t deadline_counter(void)
{
    return microseconds += 10;
}

/* The events of a packet, with timestamps made whole as a reader of CTF does it. */
static void decode(const struct trace_packet *packet, uint32_t length)
{
    const uint8_t *at = (const uint8_t *)(packet + 1), *end = (const uint8_t *)packet + length;
    uint64_t time = packet->timestamp_begin;

    for (uint32_t i = 0; i < packet->event_count; i++) {
        struct event *event = &decoded[decoded_count++];
        uint32_t head;

        EXPECT(decoded_count < MAX_EVENTS && at + 4 <= end);
        memcpy(&head, at, 4);
        event->id = head & 31;
        EXPECT(event->id < ARRAY_SIZE(field_bytes));
        time += ((head >> 5) - time) & 0x7ffffff;
        event->time = time;
        EXPECT(at + 4 + field_bytes[event->id] <= end);
        memcpy(event->fields, at + 4, field_bytes[event->id]);
        at += 4 + field_bytes[event->id];
    }
    EXPECT(at == end);
    EXPECT_EQ(time, packet->event_count ? packet->timestamp_end : packet->timestamp_begin);
}

bool link_submit(struct link_tx *tx, enum link_channel channel)
{
    uint8_t *payload = (uint8_t *)(tx->frame + 1);
    uint64_t slot = (uint64_t)(payload - slots) / TRACE_SLOT_SIZE;

    EXPECT_EQ(channel, LINK_TRACE);
    EXPECT(!tx->busy);
    if (link.count == link.room)
        return false;
    EXPECT_EQ(payload - slots, slot * TRACE_SLOT_SIZE + 32);
    EXPECT(tx == &trace.tx[slot]);
    EXPECT(tx->length >= sizeof(struct trace_packet) && tx->length <= TRACE_SLOT_SIZE - 32);
    link.copy[link.count] = malloc(tx->length);
    memcpy(link.copy[link.count], payload, tx->length);
    link.tx[link.count++] = tx;
    memcpy(&headers[packet_count++], payload, sizeof(headers[0]));
    EXPECT(packet_count < ARRAY_SIZE(headers));
    decode((const struct trace_packet *)payload, tx->length);
    tx->busy = true;
    return true;
}

/* The host takes the oldest: it must be as it was submitted. */
static void take(void)
{
    struct link_tx *tx = link.tx[0];
    bool same = memcmp(link.copy[0], tx->frame + 1, tx->length) == 0;

    free(link.copy[0]);
    link.count--;
    memmove(link.tx, link.tx + 1, link.count * sizeof(link.tx[0]));
    memmove(link.copy, link.copy + 1, link.count * sizeof(link.copy[0]));
    tx->busy = false;
    EXPECT(same);
}

void world_pause(void)
{
}

void link_reap(void)
{
    link.reaps++;
    if (link.every != 0 && link.reaps % link.every == 0 && link.count > 0)
        take();
}

static void reset(bool drop, unsigned room, unsigned every)
{
    while (link.count > 0)
        free(link.copy[--link.count]);
    memset(&link, 0, sizeof(link));
    link.room = room;
    link.every = every;
    packet_count = decoded_count = written_count = 0;
    attempts = 0;
    now = 0x123456789abc;
    if (slots == NULL)
        slots = aligned_alloc(4096, TRACE_SLOT_COUNT * TRACE_SLOT_SIZE);
    memset(slots, 0xa5, TRACE_SLOT_COUNT * TRACE_SLOT_SIZE);
    trace_setup(0x1111111111111111, 0x2222222222222222, drop);
    trace_init_cpu(&trace, 3, slots);
}

/* --- events -------------------------------------------------------------------------------- */

static void put(struct event *event, unsigned at, uint64_t value, unsigned bytes)
{
    memcpy(event->fields + at, &value, bytes);
}

/* Writes an event with these numbers; notes it down unless it was dropped. */
static void write_event(uint32_t id, uint64_t pc, uint64_t address, uint64_t value)
{
    struct event event = {.time = now, .id = id};
    uint64_t discarded = trace.discarded;

    put(&event, 0, pc, 8);
    put(&event, 8, address, 8);
    if (id < TRACE_MMIO_STEPPED) {
        put(&event, 16, value, 1U << (id & 3));
        trace_mmio(&trace, id, pc, address, value);
    } else if (id == TRACE_MMIO_STEPPED) {
        put(&event, 16, value, 8);
        trace_mmio_stepped(&trace, pc, address, (uint32_t)value, (uint32_t)(value >> 32));
    } else if (id == TRACE_MMIO_ABORTED) {
        put(&event, 16, value, 4);
        trace_mmio_aborted(&trace, pc, address, (uint32_t)value);
    } else {
        memset(event.fields, 0, sizeof(event.fields));
        put(&event, 0, pc, 8);
        put(&event, 8, value, 4);
        trace_trap_unknown(&trace, pc, (uint32_t)value);
    }
    attempts++;
    if (trace.discarded == discarded)
        written[written_count++] = event;
    else
        EXPECT_EQ(trace.discarded, discarded + 1);
}

static void write_random(uint64_t *seed, uint32_t id)
{
    uint64_t a = test_random(seed), b = test_random(seed);

    write_event(id, a << 33 | b, b << 30 ^ a, a << 35 ^ b << 3);
}

/* Every event written is decoded, once, in order; every other is counted; packets follow on. */
static void expect_all_told(void)
{
    uint64_t events = 0;

    EXPECT_EQ(decoded_count, written_count);
    for (unsigned i = 0; i < written_count; i++) {
        EXPECT_EQ(decoded[i].id, written[i].id);
        EXPECT_EQ(decoded[i].time, written[i].time);
        EXPECT(memcmp(decoded[i].fields, written[i].fields, field_bytes[decoded[i].id]) == 0);
    }
    for (unsigned i = 0; i < packet_count; i++) {
        EXPECT_EQ(headers[i].magic, 0xc1fc1fc1);
        EXPECT_EQ(headers[i].uuid[0], 0x11);
        EXPECT_EQ(headers[i].uuid[15], 0x22);
        EXPECT_EQ(headers[i].stream_id, 0);
        EXPECT_EQ(headers[i].packet_seq_num, i);
        EXPECT_EQ(headers[i].cpu_id, 3);
        EXPECT_EQ(headers[i].content_size, headers[i].packet_size);
        EXPECT(headers[i].timestamp_begin <= headers[i].timestamp_end);
        if (i > 0) {
            EXPECT(headers[i].timestamp_begin >= headers[i - 1].timestamp_end);
            EXPECT(headers[i].events_discarded >= headers[i - 1].events_discarded);
        }
        events += headers[i].event_count;
    }
    EXPECT_EQ(events, written_count);
    EXPECT_EQ(events + (packet_count ? headers[packet_count - 1].events_discarded : 0), attempts);
    for (unsigned i = 0; i < TRACE_SLOT_COUNT; i++) /* in front of the frame's header */
        for (unsigned k = 0; k < 32 - sizeof(struct link_frame); k++)
            EXPECT_EQ(slots[i * TRACE_SLOT_SIZE + k], 0xa5);
}

/* --- the tests ----------------------------------------------------------------------------- */

TEST(events_of_every_kind_come_out_as_they_went_in)
{
    uint64_t seed = 1;

    reset(false, 100, 1);
    for (unsigned i = 0; i < 60000; i++) {
        now += test_random(&seed) % 3 ? test_random(&seed) % 1000 : test_random(&seed) % (1 << 26);
        write_random(&seed, test_random(&seed) % TRACE_EVENT_COUNT);
    }
    trace_flush(&trace, 0);
    EXPECT_EQ(written_count, 60000);
    expect_all_told();
}

TEST(a_packet_is_filled_but_never_beyond_its_slot)
{
    for (uint32_t id = 0; id < TRACE_EVENT_COUNT; id++) {
        reset(false, 100, 1);
        /* All 8 bytes of a value are written, also of the last event in a packet. */
        while (packet_count < 2 * TRACE_SLOT_COUNT)
            write_event(id, ~UINT64_C(0), ~UINT64_C(0), ~UINT64_C(0));
        for (unsigned i = 0; i < packet_count; i++) {
            uint64_t bytes = headers[i].packet_size / 8;
            EXPECT(bytes <= TRACE_SLOT_SIZE - 32 && bytes > TRACE_SLOT_SIZE - 32 - 2 * 28);
        }
        trace_flush(&trace, 0);
        expect_all_told();
    }
}

TEST(a_gap_that_a_timestamp_could_miss_opens_a_packet)
{
    static const struct {
        uint64_t gap;
        unsigned packets;
    } cases[] = {{0, 1},           {1, 1},       {BIT(26) - 1, 1}, {BIT(26), 2},
                 {BIT(27) - 1, 2}, {BIT(27), 2}, {BIT(27) + 1, 2}, {BIT(40), 2}};

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        for (uint32_t id = 0; id < TRACE_EVENT_COUNT; id++) {
            reset(false, 100, 1);
            write_event(id, 1, 2, 3);
            now += cases[i].gap;
            write_event(id, 4, 5, 6);
            trace_flush(&trace, 0);
            EXPECT_EQ(packet_count, cases[i].packets);
            expect_all_told();
        }
    }
}

TEST(a_host_too_slow_costs_events_that_are_counted_exactly)
{
    for (uint64_t seed = 0; seed < 6; seed++) {
        uint64_t random = seed;

        reset(true, seed % 2 ? 5 : 100, 200 + 900 * (unsigned)seed);
        for (unsigned i = 0; i < 80000; i++) {
            now += test_random(&random) % 100;
            if (test_random(&random) % 5000 == 0)
                now += BIT(27);
            if (test_random(&random) % 4000 == 0)
                trace_flush(&trace, 0);
            write_random(&random, test_random(&random) % TRACE_EVENT_COUNT);
        }
        EXPECT(written_count < attempts);
        trace_flush(&trace, UINT64_C(10) << 20);
        expect_all_told();
    }
}

TEST(events_dropped_at_the_very_end_are_told_by_a_packet_without_events)
{
    reset(true, 100, 0);
    while (trace.discarded == 0)
        write_event(TRACE_MMIO_READ32, 1, 2, 3);
    for (unsigned i = 0; i < 9; i++)
        write_event(TRACE_MMIO_READ32, 1, 2, 3);
    EXPECT_EQ(packet_count, TRACE_SLOT_COUNT);
    trace_flush(&trace, 1000); /* nobody there: gives up */
    EXPECT_EQ(packet_count, TRACE_SLOT_COUNT);
    link.every = 1;
    trace_flush(&trace, 1000);
    EXPECT_EQ(packet_count, TRACE_SLOT_COUNT + 1);
    EXPECT_EQ(headers[TRACE_SLOT_COUNT].event_count, 0);
    EXPECT_EQ(headers[TRACE_SLOT_COUNT].events_discarded, 10);
    expect_all_told();
    trace_flush(&trace, 1000);
    EXPECT_EQ(packet_count, TRACE_SLOT_COUNT + 1); /* once */
}

TEST(a_host_that_vanished_does_not_hold_a_guest_that_may_lose_events)
{
    reset(true, 2, 0); /* the transport is full before the slots are */
    for (unsigned i = 0; i < 20000; i++)
        write_event(TRACE_MMIO_WRITE64, 1, 2, i);
    EXPECT_EQ(packet_count, 2);
    EXPECT(link.reaps <= attempts);
    trace_flush(&trace, 0);
    link.every = 1;
    trace_flush(&trace, 0); /* the full packet, kept all the while */
    trace_flush(&trace, 1000);
    EXPECT_EQ(packet_count, 3);
    expect_all_told();
}

TEST(a_guest_that_may_lose_nothing_waits)
{
    for (unsigned room = 1; room <= 100; room += 33) {
        uint64_t seed = room;

        reset(false, room, 50);
        for (unsigned i = 0; i < 60000; i++)
            write_random(&seed, test_random(&seed) % TRACE_EVENT_COUNT);
        trace_flush(&trace, 0);
        EXPECT_EQ(trace.discarded, 0);
        EXPECT_EQ(written_count, attempts);
        EXPECT(link.reaps >= 50); /* it has waited */
        expect_all_told();
    }
}

TEST(flushing_nothing_sends_nothing)
{
    reset(false, 100, 1);
    trace_flush(&trace, 0);
    EXPECT_EQ(packet_count, 0);
    write_event(TRACE_TRAP_UNKNOWN, 1, 2, 3);
    trace_flush(&trace, 0);
    trace_flush(&trace, 0);
    EXPECT_EQ(packet_count, 1);
    expect_all_told();
}
