/*
 * Frames of the link. The receiver keeps the bytes from where a frame may begin. When they turn out
 * not to be one, it drops the first and looks for the magic in the rest, so that a damaged frame
 * costs no frame behind it.
 */
#include "link/frame.h"

#include <string.h>

#include "link/crc32c.h"

#define HEADER_SIZE sizeof(struct link_frame)
#define HEADER_CRC_LENGTH offsetof(struct link_frame, header_crc)

void frame_fill(struct link_frame *frame, enum link_channel channel, uint16_t sequence,
                uint32_t length, uint32_t payload_crc)
{
    frame->magic = LINK_MAGIC;
    frame->channel = (uint8_t)channel;
    frame->flags = 0;
    frame->sequence = sequence;
    frame->length = length;
    frame->payload_crc = payload_crc;
    frame->header_crc = crc32c(frame, HEADER_CRC_LENGTH);
}

static bool header_is_good(const struct link_frame *frame)
{
    return frame->header_crc == crc32c(frame, HEADER_CRC_LENGTH) &&
           frame->length <= LINK_MAX_PAYLOAD;
}

/* Whether the n bytes (of 4, at most) may begin a magic. */
static bool may_be_magic(const uint8_t *bytes, size_t n)
{
    const uint32_t magic = LINK_MAGIC;

    return memcmp(bytes, &magic, n < sizeof(magic) ? n : sizeof(magic)) == 0;
}

/* Drops `count` bytes at the front, and those behind them that cannot begin a frame. */
static void skip(struct frame_receiver *receiver, size_t count)
{
    uint8_t *bytes = receiver->buffer.bytes;

    while (count < receiver->have && !may_be_magic(bytes + count, receiver->have - count))
        count++;
    receiver->skipped += count;
    receiver->have -= count;
    memmove(bytes, bytes + count, receiver->have);
}

static void consume(struct frame_receiver *receiver, size_t count)
{
    receiver->have -= count;
    memmove(receiver->buffer.bytes, receiver->buffer.bytes + count, receiver->have);
}

/* Looks at what is there. Returns how many bytes it takes to go on; 0: look again at once. */
static size_t examine(struct frame_receiver *receiver, frame_sink *sink)
{
    const struct link_frame *frame = &receiver->buffer.frame;
    const uint8_t *payload = receiver->buffer.bytes + HEADER_SIZE;

    if (receiver->have > 0 && !may_be_magic(receiver->buffer.bytes, receiver->have))
        skip(receiver, 1);
    if (receiver->have < HEADER_SIZE)
        return HEADER_SIZE;
    if (!header_is_good(frame)) {
        skip(receiver, 1);
        return 0;
    }
    size_t whole = HEADER_SIZE + frame->length;
    if (receiver->have < whole)
        return whole;
    if (frame->payload_crc != crc32c(payload, frame->length)) {
        skip(receiver, 1);
        return 0;
    }
    sink(frame, payload);
    consume(receiver, whole);
    return 0;
}

void frame_receive(struct frame_receiver *receiver, const uint8_t *bytes, size_t length,
                   frame_sink *sink)
{
    for (;;) {
        size_t wanted = examine(receiver, sink);
        if (wanted == 0)
            continue;
        if (length == 0)
            return;
        size_t chunk = wanted - receiver->have;
        if (chunk > length)
            chunk = length;
        memcpy(receiver->buffer.bytes + receiver->have, bytes, chunk);
        receiver->have += chunk;
        bytes += chunk;
        length -= chunk;
    }
}
