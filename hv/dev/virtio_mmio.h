/*
 * The virtio-mmio transport (virtio 1.2, section 4.2), modern (version 2) and legacy (version 1,
 * which QEMU offers unless told `-global virtio-mmio.force-legacy=false`).
 */
#ifndef VELLUM_DEV_VIRTIO_MMIO_H
#define VELLUM_DEV_VIRTIO_MMIO_H

#include "dev/virtqueue.h"
#include "lib/types.h"

struct virtio_mmio {
    uint64_t base;
    bool legacy;
};

/* Whether a device of that type (virtio 1.2, section 5) answers at `base`. */
bool virtio_mmio_probe(struct virtio_mmio *device, uint64_t base, uint32_t device_id);

/* Resets the device and agrees on those of the `wanted` features (bits 31..0) that it offers. */
bool virtio_mmio_start(struct virtio_mmio *device, uint32_t wanted, uint32_t *agreed);

/* Sets queue `index` up. size is lowered to what the device takes. False: there is no such queue. */
bool virtio_mmio_add_queue(struct virtio_mmio *device, uint32_t index, struct virtqueue *queue,
                           void *storage, uint16_t size);

/* All queues are there: the device may use them. */
void virtio_mmio_run(struct virtio_mmio *device);

/* Gives the device back, untouched, to whoever comes next. */
void virtio_mmio_reset(struct virtio_mmio *device);

void virtio_mmio_notify(struct virtio_mmio *device, uint32_t index);
void virtio_mmio_acknowledge(struct virtio_mmio *device);
uint32_t virtio_mmio_config32(const struct virtio_mmio *device, uint32_t offset);

#endif
