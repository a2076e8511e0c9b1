/*
 * The link: channels onto one transport. Called on any CPU, at EL2 with PSTATE.F masked, so that
 * no holder of a lock here is interrupted by code that wants it too.
 *
 * Locks: transmit_lock for the transport's sending half and the sequence numbers; slots_lock for
 * the pool of link_send. Neither is held while the other is taken. Receiving has no lock: the first
 * CPU does it, also for those that come meanwhile.
 */
#include "link/link.h"

#include <string.h>

#include "dev/vpl011.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "lib/yield.h"
#include "link/crc32c.h"
#include "link/deadline.h"
#include "link/frame.h"
#include "link/transport.h"
#include "rpc/rpc.h"

#define SLOT_COUNT 4

/* A frame on its way out that link_send has copied. */
struct slot {
    struct link_tx tx;
    bool taken; /* between slot_take and link_submit; then tx.busy says it */
    /* The payload is 8-byte aligned: 4 bytes, 20 of header. */
    _Alignas(8) uint8_t memory[4 + sizeof(struct link_frame) + LINK_MAX_PAYLOAD];
};

static const struct transport *transport;
static const struct mmio_device *device;

static struct lock transmit_lock;
static uint16_t next_sequence[LINK_CHANNEL_COUNT];

static struct lock slots_lock;
static struct slot slots[SLOT_COUNT];

static struct frame_receiver receiver;
static uint32_t receive_calls; /* link_receive: so many have come since it began */
static uint16_t awaited_sequence[LINK_CHANNEL_COUNT];

bool link_init(const struct machine *machine)
{
    static const struct transport *const all[] = {&over_virtio, &over_pl011};

    for (unsigned i = 0; i < ARRAY_SIZE(all); i++) {
        device = all[i]->start(machine);
        if (device) {
            transport = all[i];
            return true;
        }
    }
    return false;
}

bool link_submit(struct link_tx *tx, enum link_channel channel)
{
    if (!transport || !transport->has_room())
        return false;

    uint32_t payload_crc = crc32c(tx->frame + 1, tx->length);
    lock_take(&transmit_lock);
    frame_fill(tx->frame, channel, next_sequence[channel], tx->length, payload_crc);
    tx->busy = true;
    bool sent = transport->send(tx, (uint32_t)sizeof(struct link_frame) + tx->length);
    if (sent)
        next_sequence[channel]++;
    else
        tx->busy = false;
    lock_drop(&transmit_lock);
    return sent;
}

void link_reap(void)
{
    if (!transport || !transport->has_sent())
        return;
    lock_take(&transmit_lock);
    transport->reap();
    lock_drop(&transmit_lock);
}

/* One turn of a wait for the device. */
static void wait_for_device(void)
{
    link_reap();
    cpu_yield();
}

static struct slot *slot_take(void)
{
    struct slot *found = NULL;

    lock_take(&slots_lock);
    for (unsigned i = 0; i < SLOT_COUNT && !found; i++) {
        /* Acquire: pairs with transport_done; the device has read the memory that we write next. */
        if (!slots[i].taken && !__atomic_load_n(&slots[i].tx.busy, __ATOMIC_ACQUIRE)) {
            found = &slots[i];
            found->taken = true;
        }
    }
    lock_drop(&slots_lock);
    return found;
}

static void slot_give_back(struct slot *slot)
{
    lock_take(&slots_lock);
    slot->taken = false;
    lock_drop(&slots_lock);
}

void link_send(enum link_channel channel, const void *payload, size_t length)
{
    struct slot *slot;

    if (!transport)
        return;
    CHECK(length <= LINK_MAX_PAYLOAD);
    while ((slot = slot_take()) == NULL)
        wait_for_device();
    slot->tx.frame = (struct link_frame *)(slot->memory + 4);
    slot->tx.length = (uint32_t)length;
    memcpy(slot->tx.frame + 1, payload, length);
    while (!link_submit(&slot->tx, channel))
        wait_for_device();
    slot_give_back(slot);
}

/* Lost frames of the host are told, not repaired: its calls that stay unanswered tell it so. */
static void check_sequence(const struct link_frame *frame)
{
    uint16_t *awaited = &awaited_sequence[frame->channel];

    /* 0: a new host. */
    if (frame->sequence != *awaited && frame->sequence != 0)
        log_line("link: frames %u to %u of channel %u from the host were lost", *awaited,
                 (uint16_t)(frame->sequence - 1), frame->channel);
    *awaited = (uint16_t)(frame->sequence + 1);
}

static void frame_arrived(const struct link_frame *frame, const uint8_t *payload)
{
    if (frame->channel >= LINK_CHANNEL_COUNT)
        return;
    check_sequence(frame);
    if (frame->channel == LINK_RPC)
        rpc_receive(payload, frame->length);
    else if (frame->channel == LINK_CONSOLE && link_is_pl011())
        vpl011_receive(payload, frame->length);
}

static void bytes_arrived(const uint8_t *bytes, size_t length)
{
    frame_receive(&receiver, bytes, length, frame_arrived);
}

void link_receive(void)
{
    uint32_t calls = 1;

    /* Acquire and, below, release: `receiver` goes from one CPU to the next. */
    if (!transport || __atomic_fetch_add(&receive_calls, 1, __ATOMIC_ACQUIRE) != 0)
        return;
    do {
        calls = __atomic_load_n(&receive_calls, __ATOMIC_RELAXED);
        transport->receive(bytes_arrived);
        /* Someone came after our last look at the device: look again for him. */
    } while (!__atomic_compare_exchange_n(&receive_calls, &calls, 0, false, __ATOMIC_RELEASE,
                                          __ATOMIC_RELAXED));
}

static bool is_idle(void)
{
    lock_take(&transmit_lock);
    bool idle = transport->is_idle();
    lock_drop(&transmit_lock);
    return idle;
}

bool link_drain(uint64_t microseconds)
{
    uint64_t deadline = deadline_after(microseconds);

    if (!transport)
        return true;
    for (;;) {
        wait_for_device();
        if (is_idle())
            return true;
        if (deadline_passed(deadline))
            return false;
    }
}

/*
 * Behind a damaged frame the host takes nothing for text until it has seen a good one. No lock: who
 * holds it may never drop it.
 */
void link_seize(void)
{
    static const char text[] = "a frame was cut short by the panic";
    struct {
        struct link_frame frame;
        char text[sizeof(text) - 1];
    } log;

    if (!transport)
        return;
    memcpy(log.text, text, sizeof(log.text));
    frame_fill(&log.frame, LINK_LOG, next_sequence[LINK_LOG]++, sizeof(log.text),
               crc32c(text, sizeof(log.text)));
    transport->seize(&log, sizeof(log.frame) + sizeof(log.text));
}

const struct mmio_device *link_device(void)
{
    return device;
}

bool link_is_pl011(void)
{
    return transport == &over_pl011;
}

void link_interrupt(void)
{
    transport->acknowledge();
    link_reap();
    link_receive();
}
