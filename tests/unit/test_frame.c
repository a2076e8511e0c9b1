/* The receiver of frames: whatever the stream does, whole frames come out and nothing else. */
#include "link/frame.h"

#include <string.h>

#include "link/crc32c.h"
#include "test.h"

#define HEADER sizeof(struct link_frame)

static struct frame_receiver receiver;
static uint8_t stream[400000];
static size_t stream_length;

static struct {
    uint16_t sequence;
    uint8_t channel;
    uint32_t length;
    uint32_t crc;
} arrived[4000];
static unsigned arrived_count;

static void on_frame(const struct link_frame *frame, const uint8_t *payload)
{
    EXPECT(arrived_count < 4000);
    arrived[arrived_count].sequence = frame->sequence;
    arrived[arrived_count].channel = frame->channel;
    arrived[arrived_count].length = frame->length;
    arrived[arrived_count++].crc = crc32c(payload, frame->length);
}

static void reset(void)
{
    memset(&receiver, 0, sizeof(receiver));
    stream_length = 0;
    arrived_count = 0;
}

/* Appends a frame whose payload is `length` bytes of a pattern; returns where it begins. */
static uint8_t *append(uint16_t sequence, uint32_t length)
{
    uint8_t *at = stream + stream_length;
    struct link_frame frame;

    for (uint32_t i = 0; i < length; i++)
        at[HEADER + i] = (uint8_t)(i * 7 + sequence);
    frame_fill(&frame, LINK_TRACE, sequence, length, crc32c(at + HEADER, length));
    memcpy(at, &frame, HEADER);
    stream_length += HEADER + length;
    return at;
}

static void append_bytes(const void *bytes, size_t length)
{
    memcpy(stream + stream_length, bytes, length);
    stream_length += length;
}

static void feed(void)
{
    frame_receive(&receiver, stream, stream_length, on_frame);
}

TEST(a_frame_is_as_the_wire_wants_it)
{
    static const uint8_t wanted[] = {'V', 'L', 'M', 'F', 3, 0, 0x34, 0x12, 2, 0, 0, 0};
    const uint8_t payload[] = {1, 2};
    struct link_frame frame;
    uint32_t crc = crc32c(payload, 2);

    frame_fill(&frame, LINK_TRACE, 0x1234, 2, crc);
    EXPECT(memcmp(&frame, wanted, sizeof(wanted)) == 0);
    EXPECT_EQ(frame.payload_crc, crc);
    EXPECT_EQ(frame.header_crc, crc32c(&frame, 16));
}

TEST(frames_in_one_piece)
{
    reset();
    append(0, 0);
    append(1, 1);
    append(2, LINK_MAX_PAYLOAD);
    feed();
    EXPECT_EQ(arrived_count, 3);
    EXPECT_EQ(arrived[1].channel, LINK_TRACE);
    EXPECT_EQ(arrived[2].length, LINK_MAX_PAYLOAD);
    EXPECT_EQ(arrived[2].crc, crc32c(stream + stream_length - LINK_MAX_PAYLOAD, LINK_MAX_PAYLOAD));
    EXPECT_EQ(receiver.skipped, 0);
    EXPECT_EQ(receiver.have, 0);
}

TEST(frames_split_at_every_byte)
{
    reset();
    append(0, 33);
    append(1, 5);
    size_t whole = stream_length;
    for (size_t cut = 0; cut <= whole; cut++) {
        memset(&receiver, 0, sizeof(receiver));
        arrived_count = 0;
        frame_receive(&receiver, stream, cut, on_frame);
        frame_receive(&receiver, stream + cut, whole - cut, on_frame);
        EXPECT_EQ(arrived_count, 2);
        EXPECT_EQ(receiver.skipped, 0);
    }
}

TEST(frames_byte_by_byte)
{
    reset();
    append(7, 100);
    append(8, 0);
    for (size_t i = 0; i < stream_length; i++)
        frame_receive(&receiver, stream + i, 1, on_frame);
    EXPECT_EQ(arrived_count, 2);
    EXPECT_EQ(arrived[0].sequence, 7);
}

TEST(text_between_frames_is_skipped_and_counted)
{
    reset();
    append_bytes("Vellum: early line\n", 19);
    append(0, 10);
    append_bytes("VLM", 3);
    append(1, 10);
    append_bytes("VLMFVLMF", 8);
    append(2, 10);
    feed();
    EXPECT_EQ(arrived_count, 3);
    EXPECT_EQ(receiver.skipped, 19 + 3 + 8);
}

TEST(each_damaged_byte_costs_one_frame_only)
{
    for (size_t damaged = 0; damaged < HEADER + 40; damaged++) {
        reset();
        append(0, 20);
        uint8_t *frame = append(1, 40);
        append(2, 20);
        frame[damaged] ^= 0x40;
        feed();
        EXPECT_EQ(arrived_count, 2);
        EXPECT_EQ(arrived[1].sequence, 2);
        EXPECT_EQ(receiver.skipped, HEADER + 40);
    }
}

TEST(a_frame_inside_a_damaged_one_is_found)
{
    reset();
    uint8_t *outer = append(0, 200);
    size_t end = stream_length;
    stream_length = (size_t)(outer - stream) + HEADER + 50;
    append(1, 30);
    stream_length = end; /* the outer payload's CRC is now wrong */
    append(2, 10);
    feed();
    EXPECT_EQ(arrived_count, 2);
    EXPECT_EQ(arrived[0].sequence, 1);
    EXPECT_EQ(arrived[1].sequence, 2);
}

TEST(a_length_beyond_the_limit_is_refused_even_with_a_good_crc)
{
    struct link_frame frame;

    reset();
    frame_fill(&frame, LINK_RPC, 0, LINK_MAX_PAYLOAD + 1, 0);
    append_bytes(&frame, HEADER);
    append(1, 4);
    feed();
    EXPECT_EQ(arrived_count, 1);
    EXPECT_EQ(arrived[0].sequence, 1);
}

TEST(a_cut_frame_does_not_swallow_the_next)
{
    reset();
    append(0, 1000);
    stream_length -= 600; /* the host died while it sent */
    append(1, 8);
    append(2, 1000); /* enough behind it to complete, and refuse, the first */
    feed();
    EXPECT_EQ(arrived_count, 2);
    EXPECT_EQ(arrived[0].sequence, 1);
    EXPECT_EQ(arrived[1].sequence, 2);
}

/* Frames and noise, in chunks of any size: every undamaged frame arrives, and no other. */
TEST(fuzz)
{
    for (uint64_t round = 0; round < 60; round++) {
        uint64_t seed = round;
        unsigned sent = 0;

        reset();
        while (stream_length < 60000) {
            unsigned kind = test_random(&seed) % 4;
            uint32_t length = test_random(&seed) % 3000;
            if (kind == 0) {
                for (uint32_t i = 0; i < length; i++)
                    stream[stream_length++] = "VLMF\0\xff"[test_random(&seed) % 6];
            } else {
                uint8_t *frame = append((uint16_t)sent, length);
                if (kind == 1)
                    frame[test_random(&seed) % (HEADER + length)] ^= 1 << test_random(&seed) % 8;
                else
                    sent++;
            }
        }
        /* What a noisy header may still wait for. */
        memset(stream + stream_length, 0, LINK_MAX_PAYLOAD + HEADER);
        stream_length += LINK_MAX_PAYLOAD + HEADER;
        for (size_t at = 0; at < stream_length;) {
            size_t chunk = test_random(&seed) % 5000 + 1;
            if (chunk > stream_length - at)
                chunk = stream_length - at;
            frame_receive(&receiver, stream + at, chunk, on_frame);
            at += chunk;
        }
        EXPECT_EQ(arrived_count, sent);
        for (unsigned i = 0; i < sent; i++)
            EXPECT_EQ(arrived[i].sequence, i);
    }
}
