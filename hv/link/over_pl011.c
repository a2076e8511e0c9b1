/*
 * The link over the PL011: byte by byte, each waiting for room in the FIFO, so that a frame is
 * sent when `send` returns. At a panic the UART is no longer the link's.
 */
#include "dev/pl011.h"
#include "link/deadline.h"
#include "link/transport.h"

/* A CPU that sends nothing for so long is never going to: 20 bytes at 9600 baud. */
#define STUCK_MICROSECONDS 20000

static uint64_t base;
static uint32_t unsent; /* bytes of the frame that is on its way; atomic */
static bool seized;     /* atomic */

static const struct mmio_device *start(const struct machine *machine)
{
    if (machine->pl011.base == 0)
        return NULL;
    base = machine->pl011.base;
    seized = false;
    unsent = 0;
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
    const char *bytes = (const char *)tx->frame;

    /* Pairs with `seize`: either it sees our frame or we see it. */
    __atomic_store_n(&unsent, length, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&seized, __ATOMIC_SEQ_CST)) {
        __atomic_store_n(&unsent, 0, __ATOMIC_RELEASE);
        return false;
    }
    for (uint32_t left = length; left-- > 0;) {
        pl011_write(base, bytes++, 1);
        __atomic_store_n(&unsent, left, __ATOMIC_RELEASE);
    }
    transport_done(tx);
    return true;
}

/* Lets another CPU end its frame; one that cannot go on (it is us) is filled up with zeros. */
static void seize(const void *mark, size_t length)
{
    uint64_t deadline = deadline_after(STUCK_MICROSECONDS);
    uint32_t left, before = 0;

    __atomic_store_n(&seized, true, __ATOMIC_SEQ_CST);
    while ((left = __atomic_load_n(&unsent, __ATOMIC_SEQ_CST)) > 0 && !deadline_passed(deadline)) {
        if (left != before)
            deadline = deadline_after(STUCK_MICROSECONDS);
        before = left;
    }
    if (left == 0)
        return;
    for (uint32_t i = 0; i < left; i++)
        pl011_write(base, "", 1);
    pl011_write(base, mark, length);
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
    .seize = seize,
};
