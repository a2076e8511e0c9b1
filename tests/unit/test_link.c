/* The link over transports written here: order, waiting, channels, receiving from many CPUs. */
#include "link/link.h"

#include <string.h>

#include "dev/vpl011.h"
#include "link/crc32c.h"
#include "link/deadline.h"
#include "link/frame.h"
#include "link/transport.h"
#include "rpc/rpc.h"
#include "test.h"

#define ROOM 6

static struct mmio_device port = {.base = 0x1000};
static bool have_virtio, have_pl011;

/* Frames on their way, as the device holds them. */
static struct link_tx *held[ROOM];
static unsigned held_count;
static bool stuck;
static unsigned reaps;

/* What the device has read, frame after frame. */
static uint8_t wire[500000];
static size_t wire_length;

static struct {
    uint8_t bytes[1000];
    size_t length;
} rpc, console;
static unsigned rpc_count;

static const uint8_t *input;
static size_t input_length;
static unsigned receive_depth, receives;
static void (*on_rpc)(void);

static uint64_t now;

uint64_t deadline_counter(void)
{
    return now++;
}

void rpc_receive(const void *message, size_t length)
{
    memcpy(rpc.bytes, message, length);
    rpc.length = length;
    rpc_count++;
    if (on_rpc)
        on_rpc();
}

void vpl011_receive(const void *bytes, size_t length)
{
    memcpy(console.bytes, bytes, length);
    console.length = length;
}

static const struct mmio_device *start_virtio(const struct machine *machine)
{
    (void)machine;
    return have_virtio ? &port : NULL;
}

static const struct mmio_device *start_pl011(const struct machine *machine)
{
    (void)machine;
    return have_pl011 ? &port : NULL;
}

static bool has_room(void)
{
    return held_count < ROOM;
}

static bool send(struct link_tx *tx, uint32_t length)
{
    EXPECT_EQ(length, tx->length + sizeof(struct link_frame));
    if (!has_room())
        return false;
    held[held_count++] = tx;
    return true;
}

static bool has_sent(void)
{
    return held_count > 0 && !stuck;
}

static void reap(void)
{
    reaps++;
    for (unsigned i = 0; i < held_count; i++) {
        uint32_t length = held[i]->length + (uint32_t)sizeof(struct link_frame);
        memcpy(wire + wire_length, held[i]->frame, length);
        wire_length += length;
        transport_done(held[i]);
    }
    held_count = 0;
}

static bool is_idle(void)
{
    return held_count == 0;
}

static void receive(void (*sink)(const uint8_t *bytes, size_t length))
{
    EXPECT_EQ(receive_depth++, 0);
    receives++;
    size_t length = input_length;
    input_length = 0;
    sink(input, length);
    receive_depth--;
}

static void acknowledge(void)
{
}

static void seize(const void *mark, size_t length)
{
    memcpy(wire + wire_length, mark, length);
    wire_length += length;
}

const struct transport over_virtio = {start_virtio, has_room, send,        has_sent, reap,
                                      is_idle,      receive,  acknowledge, seize};
const struct transport over_pl011 = {start_pl011, has_room, send,        has_sent, reap,
                                     is_idle,     receive,  acknowledge, seize};

static struct {
    struct link_frame frame;
    uint8_t payload[100];
} seen[100];
static unsigned seen_count;

static void on_frame(const struct link_frame *frame, const uint8_t *payload)
{
    seen[seen_count].frame = *frame;
    memcpy(seen[seen_count++].payload, payload, frame->length < 100 ? frame->length : 100);
}

/* Parses the wire; every byte of it must belong to a frame. */
static void look(void)
{
    static struct frame_receiver receiver;

    memset(&receiver, 0, sizeof(receiver));
    seen_count = 0;
    frame_receive(&receiver, wire, wire_length, on_frame);
    EXPECT_EQ(receiver.skipped + receiver.have, 0);
}

static void open_link(bool virtio)
{
    static struct machine machine;

    reap(); /* what the test before left */
    wire_length = 0;
    stuck = false;
    on_rpc = NULL;
    rpc_count = 0;
    have_virtio = virtio;
    have_pl011 = true;
    EXPECT(link_init(&machine));
    EXPECT(link_device() == &port);
}

TEST(a_machine_without_either_has_no_link)
{
    static struct machine machine;
    struct link_tx tx = {0};

    have_virtio = have_pl011 = false;
    EXPECT(!link_init(&machine));
    link_send(LINK_LOG, "lost", 4); /* returns */
    EXPECT(!link_submit(&tx, LINK_TRACE));
    link_receive();
    EXPECT(link_drain(10));
}

TEST(virtio_goes_before_pl011)
{
    open_link(true);
    EXPECT(!link_is_pl011());
    open_link(false);
    EXPECT(link_is_pl011());
}

TEST(a_panic_leaves_a_good_frame_behind_one_that_it_cut)
{
    open_link(false);
    link_send(LINK_LOG, "before", 6);
    link_reap();
    link_seize();
    look();
    EXPECT_EQ(seen_count, 2);
    EXPECT_EQ(seen[1].frame.channel, LINK_LOG);
    EXPECT_EQ(seen[1].frame.sequence, seen[0].frame.sequence + 1);
}

TEST(channels_count_their_frames_each_for_itself)
{
    open_link(true);
    link_send(LINK_LOG, "one", 3);
    link_send(LINK_RPC, "two", 3);
    link_send(LINK_LOG, "three", 5);
    link_reap();
    look();
    EXPECT_EQ(seen_count, 3);
    EXPECT_EQ(seen[0].frame.channel, LINK_LOG);
    EXPECT_EQ(seen[1].frame.channel, LINK_RPC);
    EXPECT_EQ(seen[2].frame.sequence, seen[0].frame.sequence + 1);
    EXPECT(memcmp(seen[2].payload, "three", 5) == 0);
}

TEST(send_waits_for_a_slot_and_keeps_the_order)
{
    static uint8_t large[LINK_MAX_PAYLOAD];

    open_link(true);
    for (unsigned i = 0; i < 50; i++) {
        uint8_t byte = (uint8_t)i;
        link_send(LINK_CONSOLE, &byte, 1);
    }
    link_send(LINK_CONSOLE, large, sizeof(large));
    link_reap();
    look();
    EXPECT_EQ(seen_count, 51);
    for (unsigned i = 0; i < 50; i++)
        EXPECT_EQ(seen[i].payload[0], i);
    EXPECT_EQ(seen[50].frame.length, LINK_MAX_PAYLOAD);
}

TEST(submit_without_room_fails_and_uses_up_no_sequence_number)
{
    static struct {
        struct link_frame frame;
        uint8_t payload[4];
    } memory[ROOM + 1];
    static struct link_tx tx[ROOM + 1];

    open_link(true);
    for (unsigned i = 0; i < ROOM; i++) {
        tx[i] = (struct link_tx){.frame = &memory[i].frame, .length = 4};
        EXPECT(link_submit(&tx[i], LINK_TRACE));
        EXPECT(tx[i].busy);
    }
    tx[ROOM] = (struct link_tx){.frame = &memory[ROOM].frame, .length = 4};
    EXPECT(!link_submit(&tx[ROOM], LINK_TRACE));
    EXPECT(!tx[ROOM].busy);
    link_reap();
    EXPECT(!tx[0].busy && !tx[ROOM - 1].busy);
    EXPECT(link_submit(&tx[ROOM], LINK_TRACE));
    link_reap();
    look();
    EXPECT_EQ(seen_count, ROOM + 1);
    EXPECT_EQ((uint16_t)(seen[ROOM].frame.sequence - seen[0].frame.sequence), ROOM);
}

TEST(reap_without_news_does_not_take_the_lock)
{
    open_link(true);
    unsigned before = reaps;
    link_reap();
    EXPECT_EQ(reaps, before);
}

TEST(drain_waits_for_the_device_but_not_for_ever)
{
    open_link(true);
    link_send(LINK_LOG, "x", 1);
    stuck = true;
    EXPECT(!link_drain(100));
    stuck = false;
    EXPECT(link_drain(100));
}

/* Bytes of one frame from the host. */
static void come_in(enum link_channel channel, uint16_t sequence, const char *text)
{
    static uint8_t bytes[200];
    uint32_t length = (uint32_t)strlen(text);

    frame_fill((struct link_frame *)bytes, channel, sequence, length, crc32c(text, length));
    memcpy(bytes + sizeof(struct link_frame), text, length);
    input = bytes;
    input_length = sizeof(struct link_frame) + length;
}

TEST(calls_go_to_rpc)
{
    open_link(true);
    come_in(LINK_RPC, 0, "call");
    link_interrupt();
    EXPECT(rpc.length == 4 && memcmp(rpc.bytes, "call", 4) == 0);
}

TEST(console_bytes_go_to_the_virtual_uart_only_where_there_is_one)
{
    console.length = 0;
    open_link(true);
    come_in(LINK_CONSOLE, 0, "typed");
    link_receive();
    EXPECT_EQ(console.length, 0);
    open_link(false);
    come_in(LINK_CONSOLE, 1, "typed");
    link_receive();
    EXPECT_EQ(console.length, 5);
}

TEST(unknown_channels_are_ignored)
{
    open_link(true);
    come_in((enum link_channel)200, 0, "x");
    link_receive();
    EXPECT_EQ(rpc_count, 0);
}

static void receive_meanwhile(void)
{
    on_rpc = NULL;
    come_in(LINK_RPC, 1, "second");
    link_receive(); /* as another CPU would, or a handler that waits */
    EXPECT_EQ(rpc_count, 1);
}

TEST(who_receives_looks_again_for_those_who_came_meanwhile)
{
    open_link(true);
    on_rpc = receive_meanwhile;
    come_in(LINK_RPC, 0, "first");
    receives = 0;
    link_receive();
    EXPECT_EQ(rpc_count, 2);
    EXPECT(memcmp(rpc.bytes, "second", 6) == 0);
    EXPECT_EQ(receives, 2);
    link_receive();
    EXPECT_EQ(receives, 3);
}
