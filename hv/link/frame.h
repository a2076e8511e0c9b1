/*
 * Frames of the link: filling a header, and finding frames in a stream of bytes.
 */
#ifndef VELLUM_LINK_FRAME_H
#define VELLUM_LINK_FRAME_H

#include "link/link.h"

/* Called with each whole frame's payload, which is 4-byte aligned and gone on return. */
typedef void frame_sink(const struct link_frame *frame, const uint8_t *payload);

/* Frames from bytes as they come. All zero: at the start of a stream. */
struct frame_receiver {
    uint64_t skipped; /* bytes that belonged to no frame */
    size_t have;      /* bytes in the buffer; its first may be the first of a frame */
    union {
        struct link_frame frame;
        uint8_t bytes[sizeof(struct link_frame) + LINK_MAX_PAYLOAD];
    } buffer;
};

/* Writes the header in front of the payload. */
void frame_fill(struct link_frame *frame, enum link_channel channel, uint16_t sequence,
                uint32_t length, uint32_t payload_crc);

void frame_receive(struct frame_receiver *receiver, const uint8_t *bytes, size_t length,
                   frame_sink *sink);

#endif
