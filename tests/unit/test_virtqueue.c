/* The split virtqueue against a device written here, from virtio 1.2, section 2.7. */
#include "dev/virtqueue.h"

#include <string.h>

#include "test.h"

static _Alignas(VIRTQUEUE_PAGE) uint8_t storage[VIRTQUEUE_STORAGE];
static struct virtqueue queue;
static uint16_t device_seen;

/* The device's side: the next descriptor it was given, -1 when there is none. */
static int device_take(void)
{
    if (device_seen == queue.avail->index)
        return -1;
    return queue.avail->ring[device_seen++ % queue.size];
}

static void device_return(uint32_t id, uint32_t length)
{
    volatile struct virtq_used_entry *entry = &queue.used->ring[queue.used->index % queue.size];

    entry->id = id;
    entry->length = length;
    queue.used->index++;
}

static void start(uint16_t size)
{
    memset(storage, 0xaa, sizeof(storage));
    virtqueue_init(&queue, storage, size);
    device_seen = 0;
}

TEST(rings_lie_where_a_legacy_device_looks)
{
    start(128);
    EXPECT_EQ((uint8_t *)queue.avail - storage, 128 * 16);
    /* 2.7.2: the used ring is on the page after the available ring and its used_event. */
    EXPECT_EQ((uint8_t *)queue.used - storage, 4096);
    EXPECT_EQ(queue.avail->index, 0);
    EXPECT_EQ(queue.used->index, 0);
    start(8);
    EXPECT_EQ((uint8_t *)queue.avail - storage, 8 * 16);
    EXPECT_EQ((uint8_t *)queue.used - storage, 4096);
    EXPECT((uint8_t *)&queue.used->ring[VIRTQUEUE_MAX_SIZE] + 2 <= storage + sizeof(storage));
}

TEST(a_buffer_goes_out_and_comes_back)
{
    uint8_t buffer[100];
    uint32_t length;
    int cookie;

    start(8);
    EXPECT(virtqueue_give(&queue, buffer, 100, true, &cookie));
    EXPECT(!virtqueue_is_idle(&queue));
    EXPECT(virtqueue_take(&queue, &length) == NULL);

    int id = device_take();
    EXPECT(id >= 0);
    EXPECT_EQ(queue.desc[id].address, (uintptr_t)buffer);
    EXPECT_EQ(queue.desc[id].length, 100);
    EXPECT_EQ(queue.desc[id].flags, VIRTQ_DESC_WRITE);
    EXPECT_EQ(device_take(), -1);

    device_return((uint32_t)id, 42);
    EXPECT(virtqueue_has_used(&queue));
    EXPECT(virtqueue_take(&queue, &length) == &cookie);
    EXPECT_EQ(length, 42);
    EXPECT(virtqueue_is_idle(&queue));
}

TEST(it_fills_up_and_says_so)
{
    char memory[8];

    start(8);
    for (unsigned i = 0; i < 8; i++) {
        EXPECT(virtqueue_has_room(&queue));
        EXPECT(virtqueue_give(&queue, &memory[i], 1, false, &memory[i]));
    }
    EXPECT(!virtqueue_has_room(&queue));
    EXPECT(!virtqueue_give(&queue, memory, 1, false, memory));
}

TEST(buffers_come_back_in_any_order_and_indices_wrap)
{
    static char memory[128];
    uint64_t seed = 1;
    unsigned out = 0, returned = 0;
    int held[128];
    uint32_t length;

    start(128);
    while (returned < 200000) { /* three times around 16 bits */
        char *cookie = &memory[test_random(&seed) % 128];
        if (test_random(&seed) % 2) {
            EXPECT_EQ(virtqueue_give(&queue, cookie, 1, false, cookie), out < 128);
            int id = device_take();
            EXPECT_EQ(id >= 0, out < 128);
            if (id >= 0)
                held[out++] = id;
        } else if (out > 0) {
            unsigned which = test_random(&seed) % out;
            int id = held[which];
            uintptr_t wanted = queue.desc[id].address;
            held[which] = held[--out];
            device_return((uint32_t)id, 0);
            EXPECT_EQ((uintptr_t)virtqueue_take(&queue, &length), wanted);
            returned++;
        }
    }
}

TEST(a_device_that_returns_what_it_does_not_have_is_not_believed)
{
    uint32_t length;
    char memory[2];

    start(8);
    virtqueue_give(&queue, memory, 1, false, &memory[0]);
    int id = device_take();
    device_return(1000, 0);
    device_return((uint32_t)id ^ 1, 0);
    device_return((uint32_t)id, 0);
    device_return((uint32_t)id, 0);
    EXPECT(virtqueue_take(&queue, &length) == &memory[0]);
    EXPECT(virtqueue_take(&queue, &length) == NULL);
    EXPECT(virtqueue_is_idle(&queue));
}

TEST(a_device_may_ask_not_to_be_notified)
{
    char memory;

    start(8);
    virtqueue_give(&queue, &memory, 1, false, &memory);
    EXPECT(virtqueue_wants_notify(&queue));
    queue.used->flags = VIRTQ_USED_NO_NOTIFY;
    EXPECT(!virtqueue_wants_notify(&queue));
    virtqueue_no_interrupts(&queue);
    EXPECT_EQ(queue.avail->flags, 1);
}
