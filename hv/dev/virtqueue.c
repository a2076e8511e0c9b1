/*
 * One split virtqueue, driver's side. Called by dev/virtio_console.c, under the lock of each queue's
 * user. The device runs beside us: every barrier here pairs with one of the device's own.
 */
#include "dev/virtqueue.h"

#include <string.h>

#include "dev/dma.h"

void virtqueue_init(struct virtqueue *queue, void *storage, uint16_t size)
{
    uint64_t avail = (uintptr_t)storage + size * sizeof(struct virtq_desc);
    /* Each ring ends with a u16 for VIRTIO_F_EVENT_IDX, which is never negotiated. */
    uint64_t avail_end = avail + sizeof(struct virtq_avail) + size * sizeof(uint16_t) + 2;

    memset(storage, 0, VIRTQUEUE_STORAGE);
    memset(queue, 0, sizeof(*queue));
    queue->size = size;
    queue->desc = storage;
    queue->avail = (volatile struct virtq_avail *)avail;
    queue->used = (volatile struct virtq_used *)ALIGN_UP(avail_end, VIRTQUEUE_PAGE);
    while (queue->free_count < size) {
        queue->free[queue->free_count] = (uint16_t)(size - 1 - queue->free_count);
        queue->free_count++;
    }
}

void virtqueue_no_interrupts(struct virtqueue *queue)
{
    queue->avail->flags = VIRTQ_AVAIL_NO_INTERRUPT;
}

bool virtqueue_give(struct virtqueue *queue, void *buffer, uint32_t length, bool device_writes,
                    void *cookie)
{
    if (queue->free_count == 0)
        return false;

    uint16_t id = queue->free[--queue->free_count];
    queue->cookie[id] = cookie;
    queue->desc[id].address = dma_address(buffer);
    queue->desc[id].length = length;
    queue->desc[id].flags = device_writes ? VIRTQ_DESC_WRITE : 0;
    queue->avail->ring[queue->next % queue->size] = id;

    /* Pairs with the device's read barrier between avail->index and the ring, the descriptor and
     * the buffer. */
    dma_store_barrier();
    queue->avail->index = ++queue->next;
    return true;
}

bool virtqueue_wants_notify(const struct virtqueue *queue)
{
    /* Our index before its flag: pairs with the device's, which sets the flag, then looks at the
     * index once more. It also orders the rings before the notification, an MMIO write. */
    dma_full_barrier();
    return !(queue->used->flags & VIRTQ_USED_NO_NOTIFY);
}

bool virtqueue_has_used(const struct virtqueue *queue)
{
    return queue->used->index != queue->seen;
}

void *virtqueue_take(struct virtqueue *queue, uint32_t *length)
{
    while (virtqueue_has_used(queue)) {
        /* Pairs with the device's write barrier between the used entry (and the buffer) and its
         * index. */
        dma_load_barrier();
        volatile struct virtq_used_entry *entry = &queue->used->ring[queue->seen % queue->size];
        uint32_t id = entry->id;
        *length = entry->length;
        queue->seen++;
        /* A device that returns what it does not have is not believed. */
        if (id >= queue->size || queue->cookie[id] == NULL)
            continue;

        void *cookie = queue->cookie[id];
        queue->cookie[id] = NULL;
        queue->free[queue->free_count++] = (uint16_t)id;
        return cookie;
    }
    return NULL;
}
