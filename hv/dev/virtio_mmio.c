/*
 * The virtio-mmio transport: registers and the start of a device. Called by dev/virtio_console.c at
 * start, then only to notify and to acknowledge.
 */
#include "dev/virtio_mmio.h"

#include "dev/dma.h"
#include "lib/io.h"

/* Registers: virtio 1.2, 4.2.2 "MMIO Device Register Layout" and 4.2.4 "Legacy interface". */
#define MAGIC_VALUE 0x000
#define VERSION 0x004
#define DEVICE_ID 0x008
#define DEVICE_FEATURES 0x010
#define DEVICE_FEATURES_SEL 0x014
#define DRIVER_FEATURES 0x020
#define DRIVER_FEATURES_SEL 0x024
#define GUEST_PAGE_SIZE 0x028 /* legacy */
#define QUEUE_SEL 0x030
#define QUEUE_NUM_MAX 0x034
#define QUEUE_NUM 0x038
#define QUEUE_ALIGN 0x03c /* legacy */
#define QUEUE_PFN 0x040   /* legacy */
#define QUEUE_READY 0x044
#define QUEUE_NOTIFY 0x050
#define INTERRUPT_STATUS 0x060
#define INTERRUPT_ACK 0x064
#define STATUS 0x070
#define QUEUE_DESC 0x080
#define QUEUE_DRIVER 0x090
#define QUEUE_DEVICE 0x0a0
#define CONFIG 0x100

#define MAGIC UINT32_C(0x74726976) /* "virt" */
#define VERSION_LEGACY 1
#define VERSION_MODERN 2

/* Device status: virtio 1.2, 2.1 */
#define STATUS_ACKNOWLEDGE 1
#define STATUS_DRIVER 2
#define STATUS_DRIVER_OK 4
#define STATUS_FEATURES_OK 8

#define FEATURE_VERSION_1 BIT(32 - 32) /* bit 32: the first of the second word */

static uint32_t get(const struct virtio_mmio *device, uint32_t offset)
{
    return io_read32(device->base + offset);
}

static void set(const struct virtio_mmio *device, uint32_t offset, uint32_t value)
{
    io_write32(device->base + offset, value);
}

static void set64(const struct virtio_mmio *device, uint32_t offset, uint64_t value)
{
    set(device, offset, (uint32_t)value);
    set(device, offset + 4, (uint32_t)(value >> 32));
}

static void add_status(const struct virtio_mmio *device, uint32_t bit)
{
    set(device, STATUS, get(device, STATUS) | bit);
}

bool virtio_mmio_probe(struct virtio_mmio *device, uint64_t base, uint32_t device_id)
{
    device->base = base;
    if (get(device, MAGIC_VALUE) != MAGIC)
        return false;
    uint32_t version = get(device, VERSION);
    device->legacy = version == VERSION_LEGACY;
    return (version == VERSION_LEGACY || version == VERSION_MODERN) &&
           get(device, DEVICE_ID) == device_id;
}

static uint32_t agree(const struct virtio_mmio *device, uint32_t word, uint32_t wanted)
{
    set(device, DEVICE_FEATURES_SEL, word);
    uint32_t agreed = get(device, DEVICE_FEATURES) & wanted;
    set(device, DRIVER_FEATURES_SEL, word);
    set(device, DRIVER_FEATURES, agreed);
    return agreed;
}

bool virtio_mmio_start(struct virtio_mmio *device, uint32_t wanted, uint32_t *agreed)
{
    virtio_mmio_reset(device);
    add_status(device, STATUS_ACKNOWLEDGE);
    add_status(device, STATUS_DRIVER);
    *agreed = agree(device, 0, wanted);
    if (device->legacy) {
        set(device, GUEST_PAGE_SIZE, VIRTQUEUE_PAGE);
        return true;
    }
    if (!agree(device, 1, FEATURE_VERSION_1))
        return false;
    add_status(device, STATUS_FEATURES_OK);
    return get(device, STATUS) & STATUS_FEATURES_OK;
}

/* The greatest power of two that both sides take. */
static uint16_t queue_size(uint32_t device_max, uint16_t wanted)
{
    while (wanted > device_max)
        wanted /= 2;
    return wanted;
}

bool virtio_mmio_add_queue(struct virtio_mmio *device, uint32_t index, struct virtqueue *queue,
                           void *storage, uint16_t size)
{
    set(device, QUEUE_SEL, index);
    size = queue_size(get(device, QUEUE_NUM_MAX), size);
    if (size == 0)
        return false;

    virtqueue_init(queue, storage, size);
    set(device, QUEUE_NUM, size);
    if (device->legacy) {
        set(device, QUEUE_ALIGN, VIRTQUEUE_PAGE);
        set(device, QUEUE_PFN, (uint32_t)(dma_address(storage) / VIRTQUEUE_PAGE));
        return true;
    }
    set64(device, QUEUE_DESC, dma_address(queue->desc));
    set64(device, QUEUE_DRIVER, dma_address(queue->avail));
    set64(device, QUEUE_DEVICE, dma_address(queue->used));
    set(device, QUEUE_READY, 1);
    return true;
}

void virtio_mmio_run(struct virtio_mmio *device)
{
    add_status(device, STATUS_DRIVER_OK);
}

void virtio_mmio_reset(struct virtio_mmio *device)
{
    set(device, STATUS, 0);
}

void virtio_mmio_notify(struct virtio_mmio *device, uint32_t index)
{
    set(device, QUEUE_NOTIFY, index);
}

void virtio_mmio_acknowledge(struct virtio_mmio *device)
{
    set(device, INTERRUPT_ACK, get(device, INTERRUPT_STATUS));
}

uint32_t virtio_mmio_config32(const struct virtio_mmio *device, uint32_t offset)
{
    return get(device, CONFIG + offset);
}
