/*
 * The link over the PL011: byte by byte, each waiting for room in the FIFO, so that a frame is
 * sent when `send` returns.
 */
#include "dev/pl011.h"
#include "link/transport.h"

static uint64_t base;

static const struct mmio_device *start(const struct machine *machine)
{
    if (machine->pl011.base == 0)
        return NULL;
    base = machine->pl011.base;
    pl011_start(base);
    return &machine->pl011;
}

static bool always(void)
{
    return true;
}

static bool never(void)
{
    return false;
}

static void nothing(void)
{
}

static bool send(struct link_tx *tx, uint32_t length)
{
    pl011_write(base, (const char *)tx->frame, length);
    transport_done(tx);
    return true;
}

static bool is_idle(void)
{
    return !pl011_is_busy(base);
}

static void receive(void (*sink)(const uint8_t *bytes, size_t length))
{
    uint8_t bytes[64];
    size_t length;

    do {
        int byte = 0;

        for (length = 0; length < sizeof(bytes) && (byte = pl011_getc(base)) >= 0; length++)
            bytes[length] = (uint8_t)byte;
        sink(bytes, length);
    } while (length == sizeof(bytes));
}

static void acknowledge(void)
{
    pl011_acknowledge(base);
}

const struct transport over_pl011 = {
    .start = start,
    .has_room = always,
    .send = send,
    .has_sent = never,
    .reap = nothing,
    .is_idle = is_idle,
    .receive = receive,
    .acknowledge = acknowledge,
};
