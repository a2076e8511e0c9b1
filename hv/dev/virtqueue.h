/*
 * One split virtqueue, driver's side (virtio 1.2, section 2.7), with one descriptor a buffer.
 * Not locked: its user does that.
 */
#ifndef VELLUM_DEV_VIRTQUEUE_H
#define VELLUM_DEV_VIRTQUEUE_H

#include "lib/types.h"

#define VIRTQUEUE_MAX_SIZE 128
/* A legacy device (virtio 1.2, 2.7.2) wants the used ring on the next page of this size. */
#define VIRTQUEUE_PAGE 4096
#define VIRTQUEUE_STORAGE (2 * VIRTQUEUE_PAGE)

struct virtq_desc {
    uint64_t address;
    uint32_t length;
    uint16_t flags;
    uint16_t next;
};
static_assert(sizeof(struct virtq_desc) == 16, "virtio 1.2, 2.7.5");
#define VIRTQ_DESC_WRITE 2 /* the device writes the buffer, else it reads it */

struct virtq_avail {
    uint16_t flags;
    uint16_t index;
    uint16_t ring[];
};
#define VIRTQ_AVAIL_NO_INTERRUPT 1

struct virtq_used_entry {
    uint32_t id;
    uint32_t length;
};

struct virtq_used {
    uint16_t flags;
    uint16_t index;
    struct virtq_used_entry ring[];
};
static_assert(offsetof(struct virtq_used, ring) == 4, "virtio 1.2, 2.7.8");
#define VIRTQ_USED_NO_NOTIFY 1

struct virtqueue {
    uint16_t size; /* a power of two */
    uint16_t next; /* avail->index to be */
    uint16_t seen; /* used->index as far as taken */
    uint16_t free_count;
    uint16_t free[VIRTQUEUE_MAX_SIZE]; /* descriptors, a stack */
    void *cookie[VIRTQUEUE_MAX_SIZE];  /* the user's, by descriptor; NULL: not with the device */
    volatile struct virtq_desc *desc;
    volatile struct virtq_avail *avail;
    volatile struct virtq_used *used;
};

/* storage: VIRTQUEUE_STORAGE bytes, aligned to VIRTQUEUE_PAGE. size: a power of two. */
void virtqueue_init(struct virtqueue *queue, void *storage, uint16_t size);

/* Tells the device that it need not interrupt when it is done with a buffer. */
void virtqueue_no_interrupts(struct virtqueue *queue);

static inline bool virtqueue_has_room(const struct virtqueue *queue)
{
    return queue->free_count > 0;
}

/* Nothing is with the device. */
static inline bool virtqueue_is_idle(const struct virtqueue *queue)
{
    return queue->free_count == queue->size;
}

/* Gives a buffer to the device; cookie (not NULL) comes back with it. False: no room. */
bool virtqueue_give(struct virtqueue *queue, void *buffer, uint32_t length, bool device_writes,
                    void *cookie);

/* After giving: whether the device asks to be notified. */
bool virtqueue_wants_notify(const struct virtqueue *queue);

/* Whether the device has given something back. No lock needed: a hint. */
bool virtqueue_has_used(const struct virtqueue *queue);

/* The cookie of the next buffer that came back, or NULL. length: what the device wrote, bytes. */
void *virtqueue_take(struct virtqueue *queue, uint32_t *length);

#endif
