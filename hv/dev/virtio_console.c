/*
 * virtio-console driver: two queues of the stream, two of the control messages. Called by
 * link/over_virtio.c, which holds the locks.
 *
 * Sending is zero-copy: a descriptor points at the caller's memory. The device does not interrupt
 * for what it has sent, only for what it has received.
 */
#include "dev/virtio_console.h"

#include <string.h>

#include "dev/virtio_mmio.h"

#define DEVICE_ID_CONSOLE 3
#define FEATURE_MULTIPORT BIT(1)

/* Device configuration (5.3.4): u16 cols, u16 rows, u32 max_nr_ports */
#define CONFIG_MAX_NR_PORTS 4

/* Queues (5.3.2): control after those of port 0, then those of port 1. */
#define QUEUE_CONTROL_RECEIVE 2
#define QUEUE_CONTROL_TRANSMIT 3
#define QUEUE_RECEIVE 4
#define QUEUE_TRANSMIT 5

#define PORT 1
static const char PORT_NAME[] = "vellum";

/* Control messages (5.3.6.2) */
enum control_event {
    DEVICE_READY = 0,
    DEVICE_ADD = 1,
    PORT_READY = 3,
    PORT_OPEN = 6,
    PORT_NAMED = 7, /* the name follows */
};

struct control {
    uint32_t id; /* of the port */
    uint16_t event;
    uint16_t value;
};
static_assert(sizeof(struct control) == 8, "virtio 1.2, 5.3.6.2");

#define RECEIVE_BUFFERS 32
#define RECEIVE_BUFFER_SIZE 4096 /* QEMU reads from its chardev by as much */
#define CONTROL_BUFFERS 8
#define CONTROL_BUFFER_SIZE 64
/* Each try reads a device register or a line of memory: far more than QEMU needs, which answers
 * within the notification. */
#define CONTROL_TRIES 1000000

static struct virtio_mmio device;
static struct virtqueue receive, transmit, control_receive, control_transmit;
static _Alignas(VIRTQUEUE_PAGE) uint8_t storage[4][VIRTQUEUE_STORAGE];
static _Alignas(64) uint8_t receive_buffers[RECEIVE_BUFFERS][RECEIVE_BUFFER_SIZE];
static _Alignas(64) uint8_t control_buffers[CONTROL_BUFFERS][CONTROL_BUFFER_SIZE];

static bool add_queues(void)
{
    return virtio_mmio_add_queue(&device, QUEUE_CONTROL_RECEIVE, &control_receive, storage[0],
                                 CONTROL_BUFFERS) &&
           virtio_mmio_add_queue(&device, QUEUE_CONTROL_TRANSMIT, &control_transmit, storage[1],
                                 CONTROL_BUFFERS) &&
           virtio_mmio_add_queue(&device, QUEUE_RECEIVE, &receive, storage[2], RECEIVE_BUFFERS) &&
           virtio_mmio_add_queue(&device, QUEUE_TRANSMIT, &transmit, storage[3],
                                 VIRTQUEUE_MAX_SIZE);
}

static void give_buffers(struct virtqueue *queue, uint32_t index, void *buffers, unsigned count,
                         uint32_t size)
{
    for (unsigned i = 0; i < count; i++) {
        uint8_t *buffer = (uint8_t *)buffers + i * size;
        virtqueue_give(queue, buffer, size, true, buffer);
    }
    virtio_mmio_notify(&device, index);
}

/* Sends one control message and waits until the device has read it. */
static bool send_control(uint32_t port, enum control_event event, uint16_t value)
{
    struct control message = {.id = port, .event = (uint16_t)event, .value = value};
    uint32_t length;

    virtqueue_give(&control_transmit, &message, sizeof(message), false, &message);
    if (virtqueue_wants_notify(&control_transmit))
        virtio_mmio_notify(&device, QUEUE_CONTROL_TRANSMIT);
    for (unsigned i = 0; i < CONTROL_TRIES; i++)
        if (virtqueue_take(&control_transmit, &length))
            return true;
    return false;
}

/* Takes one control message, and gives its buffer back. length: with what follows it, bytes. */
static bool take_control(uint8_t bytes[CONTROL_BUFFER_SIZE], uint32_t *length)
{
    uint8_t *buffer = virtqueue_take(&control_receive, length);

    if (!buffer)
        return false;
    if (*length > CONTROL_BUFFER_SIZE)
        *length = CONTROL_BUFFER_SIZE;
    memcpy(bytes, buffer, *length);
    virtqueue_give(&control_receive, buffer, CONTROL_BUFFER_SIZE, true, buffer);
    if (virtqueue_wants_notify(&control_receive))
        virtio_mmio_notify(&device, QUEUE_CONTROL_RECEIVE);
    return *length >= sizeof(struct control);
}

/* Waits for a control message about our port; copies what follows it (`size` bytes, at most). */
static bool await_control(enum control_event event, void *rest, size_t size)
{
    uint8_t bytes[CONTROL_BUFFER_SIZE];
    uint32_t length;

    for (unsigned i = 0; i < CONTROL_TRIES; i++) {
        struct control message;

        if (!take_control(bytes, &length))
            continue;
        memcpy(&message, bytes, sizeof(message));
        if (message.id != PORT || message.event != event)
            continue;
        length -= sizeof(message);
        memcpy(rest, bytes + sizeof(message), length < size ? length : size);
        return true;
    }
    return false;
}

/* Meets port 1, and opens it if it bears our name. */
static bool open_port(void)
{
    char name[sizeof(PORT_NAME)] = {0};

    return send_control(0, DEVICE_READY, 1) && await_control(DEVICE_ADD, name, 0) &&
           send_control(PORT, PORT_READY, 1) && await_control(PORT_NAMED, name, sizeof(name)) &&
           memcmp(name, PORT_NAME, sizeof(PORT_NAME)) == 0 && send_control(PORT, PORT_OPEN, 1);
}

bool virtio_console_start(uint64_t base)
{
    uint32_t features;

    if (!virtio_mmio_probe(&device, base, DEVICE_ID_CONSOLE))
        return false;
    if (virtio_mmio_start(&device, FEATURE_MULTIPORT, &features) &&
        (features & FEATURE_MULTIPORT) &&
        virtio_mmio_config32(&device, CONFIG_MAX_NR_PORTS) > PORT && add_queues()) {
        virtqueue_no_interrupts(&transmit);
        virtqueue_no_interrupts(&control_transmit);
        virtio_mmio_run(&device);
        give_buffers(&control_receive, QUEUE_CONTROL_RECEIVE, control_buffers, CONTROL_BUFFERS,
                     CONTROL_BUFFER_SIZE);
        if (open_port()) {
            /* Not before: QEMU asks its chardev for input when notified of room on an open port. */
            give_buffers(&receive, QUEUE_RECEIVE, receive_buffers, RECEIVE_BUFFERS,
                         RECEIVE_BUFFER_SIZE);
            return true;
        }
    }
    virtio_mmio_reset(&device);
    return false;
}

bool virtio_console_has_room(void)
{
    return virtqueue_has_room(&transmit);
}

bool virtio_console_send(void *buffer, uint32_t length, void *cookie)
{
    if (!virtqueue_give(&transmit, buffer, length, false, cookie))
        return false;
    if (virtqueue_wants_notify(&transmit))
        virtio_mmio_notify(&device, QUEUE_TRANSMIT);
    return true;
}

bool virtio_console_has_sent(void)
{
    return virtqueue_has_used(&transmit);
}

void *virtio_console_sent(void)
{
    uint32_t length;

    return virtqueue_take(&transmit, &length);
}

bool virtio_console_is_idle(void)
{
    return virtqueue_is_idle(&transmit);
}

void virtio_console_receive(void (*sink)(const uint8_t *bytes, size_t length))
{
    uint8_t ignored[CONTROL_BUFFER_SIZE];
    uint8_t *buffer;
    uint32_t length;

    while ((buffer = virtqueue_take(&receive, &length)) != NULL) {
        sink(buffer, length < RECEIVE_BUFFER_SIZE ? length : RECEIVE_BUFFER_SIZE);
        virtqueue_give(&receive, buffer, RECEIVE_BUFFER_SIZE, true, buffer);
        if (virtqueue_wants_notify(&receive))
            virtio_mmio_notify(&device, QUEUE_RECEIVE);
    }
    /* The host came or went (PORT_OPEN): nothing to do, but the device wants its buffers back. */
    while (virtqueue_has_used(&control_receive))
        take_control(ignored, &length);
}

void virtio_console_acknowledge(void)
{
    virtio_mmio_acknowledge(&device);
}
