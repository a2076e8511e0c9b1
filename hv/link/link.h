/*
 * The link to the host: one byte stream, many channels, each message a frame.
 *
 * Frame: struct link_frame, then `length` bytes of payload, little-endian. A receiver hunts for
 * the magic, trusts a header whose header_crc fits, then a payload whose payload_crc fits; else it
 * goes on hunting one byte after the magic. CRC is CRC-32C (Castagnoli, RFC 3720 appendix B.4).
 *
 * The transport is the virtio-console port named "vellum" where there is one, else the PL011
 * (link/transport.h).
 * Every function may be called on any CPU, at EL2, with PSTATE.F masked.
 */
#ifndef VELLUM_LINK_LINK_H
#define VELLUM_LINK_LINK_H

#include "fw/machine.h"
#include "lib/types.h"

#define LINK_MAGIC UINT32_C(0x464d4c56) /* "VLMF" */
#define LINK_MAX_PAYLOAD 65536

enum link_channel {
    LINK_RPC = 0,
    LINK_LOG = 1,     /* UTF-8 lines, no newline at the end */
    LINK_CONSOLE = 2, /* bytes of the guest's virtual PL011 */
    LINK_TRACE = 3,   /* one CTF packet a frame */
    LINK_CHANNEL_COUNT
};

struct link_frame {
    uint32_t magic;
    uint8_t channel;
    uint8_t flags;     /* 0 */
    uint16_t sequence; /* per direction and channel, from 0 */
    uint32_t length;
    uint32_t payload_crc;
    uint32_t header_crc; /* of the 16 bytes before it */
};
static_assert(sizeof(struct link_frame) == 20, "wire format");

/*
 * Memory on its way out, sent from where it lies: `frame` points to room for the header with the
 * payload right behind it. The owner keeps it untouched while `busy`.
 */
struct link_tx {
    struct link_frame *frame;
    uint32_t length; /* of the payload, bytes */
    bool busy;       /* set by link_submit; cleared (release) once the device has read it all */
};

/* Finds and starts the transport. False: there is none. */
bool link_init(const struct machine *machine);

/* Queues tx, filling its frame header. False when the transport has no room: link_reap, try again. */
bool link_submit(struct link_tx *tx, enum link_channel channel);

/* Collects what the device has finished with; clears `busy` of those. Cheap when there is none. */
void link_reap(void);

/* Copies `length` bytes (at most LINK_MAX_PAYLOAD) into a frame and sends it; waits for room. */
void link_send(enum link_channel channel, const void *payload, size_t length);

/* Takes what has arrived and hands whole frames to rpc_receive and vpl011_receive. */
void link_receive(void);

/* Waits until everything submitted has been read by the device, or `microseconds` have gone by. */
bool link_drain(uint64_t microseconds);

/* For a panic: other CPUs send nothing any more, and plain text on the UART comes between frames. */
void link_seize(void);

/* The device that carries the link: its registers and interrupt are no longer the guest's. */
const struct mmio_device *link_device(void);
bool link_is_pl011(void);

/* Acknowledges the device's interrupt, then link_reap and link_receive. */
void link_interrupt(void);

#endif
