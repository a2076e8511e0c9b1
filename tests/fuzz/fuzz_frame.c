/*
 * Fuzz target: the bytes of a link, in pieces of any size, against a reader that has them all at
 * once. The checksum is a plain sum, so that the fuzzer finds frames.
 */
#include <string.h>

#include "fuzz.h"
#include "link/crc32c.h"
#include "link/frame.h"

#define HEADER sizeof(struct link_frame)

static struct {
    size_t length;
    uint32_t sum;
    uint16_t sequence;
} wanted[4096];
static unsigned wanted_count, arrived;
static size_t arrived_bytes;

uint32_t crc32c(const void *data, size_t length)
{
    const uint8_t *bytes = data;
    uint32_t sum = 0;

    for (size_t i = 0; i < length; i++)
        sum += bytes[i];
    return sum;
}

static void on_frame(const struct link_frame *frame, const uint8_t *payload)
{
    HOLDS(arrived < wanted_count);
    HOLDS(frame->length == wanted[arrived].length);
    HOLDS(frame->sequence == wanted[arrived].sequence);
    HOLDS(crc32c(payload, frame->length) == wanted[arrived].sum);
    HOLDS((uintptr_t)payload % 4 == 0);
    arrived++;
    arrived_bytes += HEADER + frame->length;
}

/* The frames in the whole stream: at each byte a good one, or the next byte. */
static void find_frames(const uint8_t *stream, size_t size)
{
    size_t at = 0;

    wanted_count = 0;
    while (size - at >= HEADER) {
        struct link_frame frame;

        memcpy(&frame, stream + at, HEADER);
        if (frame.magic != LINK_MAGIC || frame.header_crc != crc32c(&frame, HEADER - 4) ||
            frame.length > LINK_MAX_PAYLOAD) {
            at++;
            continue;
        }
        if (size - at - HEADER < frame.length)
            return; /* may still become one */
        if (crc32c(stream + at + HEADER, frame.length) != frame.payload_crc) {
            at++;
            continue;
        }
        HOLDS(wanted_count < 4096);
        wanted[wanted_count].length = frame.length;
        wanted[wanted_count].sequence = frame.sequence;
        wanted[wanted_count++].sum = frame.payload_crc;
        at += HEADER + frame.length;
    }
}

/* The first 8 bytes of the input: sizes of the pieces, again and again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct frame_receiver receiver;
    const uint8_t *stream = data + 8;
    size_t at = 0;

    if (size < 8 || size > 80000)
        return 0;
    size -= 8;
    memset(&receiver, 0, sizeof(receiver));
    arrived = 0;
    arrived_bytes = 0;
    find_frames(stream, size);
    for (unsigned i = 0; at < size; i++) {
        size_t piece = (size_t)data[i % 8] * (i % 3 == 2 ? 64 : 1) + 1;

        if (piece > size - at)
            piece = size - at;
        frame_receive(&receiver, stream + at, piece, on_frame);
        at += piece;
    }
    HOLDS(arrived == wanted_count);
    HOLDS(receiver.skipped + receiver.have + arrived_bytes == size);
    return 0;
}
