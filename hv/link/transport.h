/*
 * What carries the link's bytes. link/link.c holds the locks: the transmit lock for the functions
 * that send, and it receives on one CPU at a time.
 */
#ifndef VELLUM_LINK_TRANSPORT_H
#define VELLUM_LINK_TRANSPORT_H

#include "link/link.h"

struct transport {
    /* Starts on the first device that fits, and returns it; NULL: there is none. */
    const struct mmio_device *(*start)(const struct machine *machine);

    bool (*has_room)(void);                            /* no lock: a hint */
    bool (*send)(struct link_tx *tx, uint32_t length); /* from tx->frame on; false: no room */
    bool (*has_sent)(void);                            /* no lock: a hint */
    void (*reap)(void);                                /* clears `busy` of what is sent */
    bool (*is_idle)(void);                             /* all is sent, and reaped */

    void (*receive)(void (*sink)(const uint8_t *bytes, size_t length));
    void (*acknowledge)(void); /* the device's interrupt */

    /* No lock, at a panic: nothing else is sent any more; `mark` is, when a frame was cut short. */
    void (*seize)(const void *mark, size_t length);
};

extern const struct transport over_virtio;
extern const struct transport over_pl011;

/* Ends tx->busy: pairs with the acquire of the owner's load, who may then write the memory. */
static inline void transport_done(struct link_tx *tx)
{
    __atomic_store_n(&tx->busy, false, __ATOMIC_RELEASE);
}

#endif
