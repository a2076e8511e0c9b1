/*
 * virtio-console against a device written here from virtio 1.2 (4.2 MMIO, 5.3 console), modern and
 * legacy: registers, the start in the order that the standard asks for, control messages, streams.
 */
#include "dev/virtio_console.h"

#include <string.h>

#include "dev/virtqueue.h"
#include "lib/io.h"
#include "link/transport.h"
#include "test.h"

#define BASE 0xa003e00
#define QUEUES 6
#define PAGE 4096

struct queue {
    uint32_t size;
    uint64_t desc, avail, used;
    bool ready;
    uint16_t seen;
};

static struct {
    /* what it is */
    uint32_t version, device_id, max_ports, queue_max;
    const char *port_name;
    bool multiport, slow; /* slow: takes nothing from the transmit queue */
    /* what the driver has done to it */
    uint32_t status, driver_features[2], device_select, driver_select, queue_select, interrupt;
    uint32_t guest_page_size;
    struct queue queue[QUEUES];
    bool port_open;
    char sent[100000];
    size_t sent_length;
} dev;

static struct virtq_desc *next_buffer(struct queue *queue, uint32_t *id)
{
    struct virtq_avail *avail = (struct virtq_avail *)queue->avail;

    if (!queue->ready || queue->seen == avail->index)
        return NULL;
    *id = avail->ring[queue->seen++ % queue->size];
    return &((struct virtq_desc *)queue->desc)[*id];
}

static void give_back(struct queue *queue, uint32_t id, uint32_t length)
{
    struct virtq_used *used = (struct virtq_used *)queue->used;

    used->ring[used->index % queue->size] = (struct virtq_used_entry){id, length};
    used->index++;
    if (!(((struct virtq_avail *)queue->avail)->flags & VIRTQ_AVAIL_NO_INTERRUPT))
        dev.interrupt |= 1;
}

/* Puts bytes into the driver's next buffer of a queue; false: it has given none. */
static bool deliver(unsigned index, const void *bytes, uint32_t length)
{
    uint32_t id;
    struct virtq_desc *desc = next_buffer(&dev.queue[index], &id);

    if (!desc)
        return false;
    EXPECT(desc->flags & VIRTQ_DESC_WRITE);
    EXPECT(length <= desc->length);
    memcpy((void *)desc->address, bytes, length);
    give_back(&dev.queue[index], id, length);
    return true;
}

static void say(uint32_t port, uint16_t event, uint16_t value, const char *rest)
{
    uint8_t bytes[64];

    memcpy(bytes, &port, 4);
    memcpy(bytes + 4, &event, 2);
    memcpy(bytes + 6, &value, 2);
    memcpy(bytes + 8, rest, strlen(rest));
    EXPECT(deliver(2, bytes, (uint32_t)(8 + strlen(rest))));
}

static void on_control(const uint8_t *bytes)
{
    uint32_t port;
    uint16_t event, value;

    memcpy(&port, bytes, 4);
    memcpy(&event, bytes + 4, 2);
    memcpy(&value, bytes + 6, 2);
    EXPECT_EQ(value, 1);
    if (event == 0) { /* DEVICE_READY: every port is announced */
        say(0, 1, 1, "");
        if (dev.port_name)
            say(1, 1, 1, "");
    } else if (event == 3 && port == 1) { /* PORT_READY */
        say(1, 7, 1, dev.port_name);
        say(1, 6, 1, "");
    } else if (event == 6 && port == 1) { /* PORT_OPEN */
        dev.port_open = true;
    }
}

static void run_transmit(unsigned index)
{
    uint32_t id;
    struct virtq_desc *desc;

    while ((desc = next_buffer(&dev.queue[index], &id)) != NULL) {
        EXPECT(!(desc->flags & VIRTQ_DESC_WRITE));
        if (index == 3) {
            on_control((const uint8_t *)desc->address);
        } else {
            EXPECT(dev.port_open);
            memcpy(dev.sent + dev.sent_length, (void *)desc->address, desc->length);
            dev.sent_length += desc->length;
        }
        give_back(&dev.queue[index], id, 0);
    }
}

uint32_t io_read32(uint64_t address)
{
    switch (address - BASE) {
    case 0x000:
        return 0x74726976;
    case 0x004:
        return dev.version;
    case 0x008:
        return dev.device_id;
    case 0x010: /* DeviceFeatures: SIZE, MULTIPORT, EMERG_WRITE; VERSION_1 */
        if (dev.device_select == 0)
            return dev.multiport ? 7 : 5;
        return dev.version == 2 ? 1 : 0;
    case 0x034:
        return dev.queue_select < QUEUES ? dev.queue_max : 0;
    case 0x060:
        return dev.interrupt;
    case 0x070:
        return dev.status;
    case 0x104:
        return dev.max_ports;
    default:
        test_fail(__FILE__, __LINE__, "read of %#llx", (unsigned long long)address);
    }
}

static void set_half(uint64_t *value, unsigned half, uint32_t bits)
{
    *value = (*value & ~(UINT64_C(0xffffffff) << half * 32)) | (uint64_t)bits << half * 32;
}

static void write_modern(uint32_t offset, uint32_t value)
{
    struct queue *queue = &dev.queue[dev.queue_select];

    EXPECT_EQ(dev.version, 2);
    EXPECT(dev.status & 8); /* FEATURES_OK before the queues */
    switch (offset) {
    case 0x044:
        queue->ready = value;
        break;
    case 0x080:
    case 0x084:
        set_half(&queue->desc, offset / 4 % 2, value);
        break;
    case 0x090:
    case 0x094:
        set_half(&queue->avail, offset / 4 % 2, value);
        break;
    case 0x0a0:
    case 0x0a4:
        set_half(&queue->used, offset / 4 % 2, value);
        break;
    default:
        test_fail(__FILE__, __LINE__, "write of %#x", offset);
    }
}

/* QueuePFN: all three parts follow from one page number (2.7.2). */
static void set_pfn(uint32_t pfn)
{
    struct queue *queue = &dev.queue[dev.queue_select];

    EXPECT_EQ(dev.version, 1);
    EXPECT_EQ(dev.guest_page_size, PAGE);
    queue->desc = (uint64_t)pfn * dev.guest_page_size;
    queue->avail = queue->desc + 16 * queue->size;
    queue->used = (queue->avail + 6 + 2 * queue->size + PAGE - 1) / PAGE * PAGE;
    queue->ready = true;
}

void io_write32(uint64_t address, uint32_t value)
{
    switch (address - BASE) {
    case 0x014:
        dev.device_select = value;
        break;
    case 0x020:
        EXPECT(!(dev.status & 8));
        dev.driver_features[dev.driver_select] = value;
        break;
    case 0x024:
        dev.driver_select = value;
        break;
    case 0x028:
        dev.guest_page_size = value;
        break;
    case 0x030:
        dev.queue_select = value;
        break;
    case 0x038:
        EXPECT(value <= dev.queue_max);
        dev.queue[dev.queue_select].size = value;
        break;
    case 0x03c:
        EXPECT_EQ(value, PAGE);
        break;
    case 0x040:
        set_pfn(value);
        break;
    case 0x050:
        EXPECT(dev.status & 4); /* DRIVER_OK before the first notification */
        if (value == 3 || (value == 5 && !dev.slow))
            run_transmit(value);
        break;
    case 0x064:
        dev.interrupt &= ~value;
        break;
    case 0x070:
        dev.status = value;
        if (value == 0)
            memset(dev.queue, 0, sizeof(dev.queue));
        break;
    default:
        write_modern((uint32_t)(address - BASE), value);
    }
}

static void plug(uint32_t version)
{
    memset(&dev, 0, sizeof(dev));
    dev.version = version;
    dev.device_id = 3;
    dev.max_ports = 2;
    dev.queue_max = 1024;
    dev.port_name = "vellum";
    dev.multiport = true;
}

static char received[100000];
static size_t received_length;

static void sink(const uint8_t *bytes, size_t length)
{
    memcpy(received + received_length, bytes, length);
    received_length += length;
}

static void start(uint32_t version)
{
    plug(version);
    received_length = 0;
    EXPECT(virtio_console_start(BASE));
    EXPECT_EQ(dev.status & 7, 7);
    EXPECT_EQ(dev.driver_features[0], 2);
    EXPECT(dev.port_open);
}

TEST(starts_on_a_legacy_device)
{
    start(1);
}

TEST(starts_on_a_modern_device)
{
    start(2);
    EXPECT_EQ(dev.driver_features[1], 1);
}

TEST(takes_smaller_queues)
{
    plug(2);
    dev.queue_max = 16;
    EXPECT(virtio_console_start(BASE));
    EXPECT_EQ(dev.queue[5].size, 16);
}

static void expect_left_alone(void)
{
    EXPECT(!virtio_console_start(BASE));
    EXPECT_EQ(dev.status, 0);
}

TEST(leaves_other_devices_alone)
{
    plug(1);
    dev.device_id = 2;
    expect_left_alone();
    plug(3);
    expect_left_alone();
}

TEST(leaves_consoles_of_the_guest_alone)
{
    plug(1);
    dev.port_name = "org.qemu.guest_agent.0";
    expect_left_alone();
    plug(1);
    dev.port_name = "vellumish";
    EXPECT(!virtio_console_start(BASE));
    plug(1);
    dev.multiport = false;
    expect_left_alone();
    plug(1);
    dev.max_ports = 1;
    expect_left_alone();
    plug(1);
    dev.port_name = NULL; /* there is no port 1 */
    expect_left_alone();
}

static void exchange(uint32_t version)
{
    char big[4096];

    start(version);
    EXPECT(virtio_console_send("hello ", 6, &big));
    EXPECT(virtio_console_has_sent());
    EXPECT(virtio_console_sent() == &big);
    EXPECT(virtio_console_is_idle());
    EXPECT(dev.sent_length == 6 && memcmp(dev.sent, "hello ", 6) == 0);
    EXPECT_EQ(dev.interrupt, 1); /* of the control messages */
    virtio_console_acknowledge();
    EXPECT_EQ(dev.interrupt, 0);
    EXPECT(virtio_console_send("world", 5, &big));
    EXPECT_EQ(dev.interrupt, 0); /* none for what is sent */

    for (unsigned i = 0; i < 20; i++) {
        memset(big, 'a' + (int)i, sizeof(big));
        EXPECT(deliver(4, big, sizeof(big)));
        if (i % 3 == 0)
            virtio_console_receive(sink);
    }
    EXPECT_EQ(dev.interrupt, 1);
    virtio_console_receive(sink);
    EXPECT_EQ(received_length, 20 * 4096);
    for (unsigned i = 0; i < received_length; i++)
        EXPECT_EQ(received[i], 'a' + i / 4096);
}

TEST(bytes_go_both_ways_legacy)
{
    exchange(1);
}

TEST(bytes_go_both_ways_modern)
{
    exchange(2);
}

TEST(receive_buffers_are_used_again)
{
    start(1);
    for (unsigned i = 0; i < 1000; i++) {
        EXPECT(deliver(4, &i, 4));
        received_length = 0;
        virtio_console_receive(sink);
        EXPECT(received_length == 4 && memcmp(received, &i, 4) == 0);
    }
}

TEST(control_messages_while_running_do_not_use_up_the_buffers)
{
    start(1);
    for (unsigned i = 0; i < 100; i++) {
        say(1, 6, (uint16_t)(i % 2), "");
        virtio_console_receive(sink);
    }
    EXPECT_EQ(received_length, 0);
}

TEST(a_slow_host_holds_back_and_loses_nothing)
{
    static char bytes[VIRTQUEUE_MAX_SIZE];

    start(1);
    dev.slow = true;
    for (unsigned i = 0; i < VIRTQUEUE_MAX_SIZE; i++) {
        bytes[i] = (char)i;
        EXPECT(virtio_console_has_room());
        EXPECT(virtio_console_send(&bytes[i], 1, &bytes[i]));
    }
    EXPECT(!virtio_console_has_room());
    EXPECT(!virtio_console_send(bytes, 1, bytes));
    EXPECT(virtio_console_sent() == NULL);
    run_transmit(5);
    EXPECT(memcmp(dev.sent, bytes, sizeof(bytes)) == 0);
    for (unsigned i = 0; i < VIRTQUEUE_MAX_SIZE; i++)
        EXPECT(virtio_console_sent() == &bytes[i]);
    EXPECT(virtio_console_is_idle());
}

TEST(the_transport_clears_busy_when_the_device_has_read_it_all)
{
    struct link_frame frame = {.magic = LINK_MAGIC};
    struct link_tx tx = {.frame = &frame, .busy = true};

    start(1);
    dev.slow = true;
    EXPECT(over_virtio.send(&tx, sizeof(frame)));
    over_virtio.reap();
    EXPECT(tx.busy);
    run_transmit(5);
    EXPECT(over_virtio.has_sent());
    over_virtio.reap();
    EXPECT(!tx.busy);
    EXPECT(over_virtio.is_idle());
}

TEST(the_transport_is_the_first_device_that_fits)
{
    static struct machine machine = {
        .virtio_mmio = {{.base = BASE, .intid = 79}},
        .virtio_mmio_count = 1,
    };

    plug(1);
    EXPECT(over_virtio.start(&machine) == &machine.virtio_mmio[0]);
    dev.device_id = 1;
    EXPECT(over_virtio.start(&machine) == NULL);
}
