/*
 * The link over virtio-console: frames go out by DMA from where they lie.
 */
#include "dev/virtio_console.h"
#include "link/transport.h"

static const struct mmio_device *start(const struct machine *machine)
{
    for (unsigned i = 0; i < machine->virtio_mmio_count; i++)
        if (virtio_console_start(machine->virtio_mmio[i].base))
            return &machine->virtio_mmio[i];
    return NULL;
}

static bool send(struct link_tx *tx, uint32_t length)
{
    return virtio_console_send(tx->frame, length, tx);
}

static void reap(void)
{
    struct link_tx *tx;

    while ((tx = virtio_console_sent()) != NULL)
        transport_done(tx);
}

/* A panic goes to the UART, which is not the link. */
static void seize(const void *mark, size_t length)
{
    (void)mark;
    (void)length;
}

const struct transport over_virtio = {
    .start = start,
    .has_room = virtio_console_has_room,
    .send = send,
    .has_sent = virtio_console_has_sent,
    .reap = reap,
    .is_idle = virtio_console_is_idle,
    .receive = virtio_console_receive,
    .acknowledge = virtio_console_acknowledge,
    .seize = seize,
};
