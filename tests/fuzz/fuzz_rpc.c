/*
 * Fuzz target: messages of a host. Each is answered once, with what the format says; what is
 * written lies in RAM, and never in Vellum's own.
 * Input: messages one after the other, each behind its length (two bytes, little-endian).
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <string.h>
#include <sys/mman.h>

#include "dev/vpl011.h"
#include "fuzz.h"
#include "lib/guarded.h"
#include "lib/log.h"
#include "link/link.h"
#include "rpc/rpc_host.h"
#include "trace/trace.h"

/* The sources themselves: what they keep is for the life of a machine, and begins anew here. */
#include "../../hv/mmio/region.c"
#include "../../hv/rpc/guest.c"

/* tests/fuzz/seeds.py knows them. */
#define RAM UINT64_C(0x40000000)
#define RAM_SIZE UINT64_C(0x40000)
#define VELLUM (RAM + RAM_SIZE - 0x10000)

struct machine machine;
static const struct mmio_device link_port = {.base = 0xa003e00, .size = 0x200, .intid = 79};
static struct rpc_header asked;
static unsigned replies;
static jmp_buf stopped;

void panic(const char *format, ...)
{
    fprintf(stderr, "panic: %s\n", format);
    abort();
}

void log_line(const char *format, ...)
{
    (void)format;
}

void link_send(enum link_channel channel, const void *payload, size_t length)
{
    struct rpc_header header;

    HOLDS(channel == LINK_RPC && length >= sizeof(header) && length <= LINK_MAX_PAYLOAD);
    memcpy(&header, payload, sizeof(header));
    HOLDS(header.length == length - sizeof(header));
    HOLDS(header.type == (asked.type | RPC_REPLY) && header.id == asked.id);
    HOLDS(header.status <= STATUS_OVERLAP);
    HOLDS(header.status == STATUS_OK || header.length == 0);
    replies++;
}

bool link_drain(uint64_t microseconds)
{
    return microseconds > 0;
}

const struct mmio_device *link_device(void)
{
    return &link_port;
}

bool link_is_pl011(void)
{
    return false;
}

void vpl011_flush(void)
{
}

void trace_flush_all(void)
{
}

void trace_setup(uint64_t uuid_low, uint64_t uuid_high, bool drop)
{
    (void)uuid_low;
    (void)uuid_high;
    (void)drop;
}

void machine_stop(bool reset)
{
    HOLDS(replies == 1);
    longjmp(stopped, 1 + reset);
}

static bool in_ram(const void *start, size_t n)
{
    uint64_t at = (uint64_t)(uintptr_t)start;

    return at >= RAM && n <= RAM_SIZE && at - RAM <= RAM_SIZE - n;
}

bool guarded_copy(void *to, const void *from, size_t n)
{
    /* Between RAM and a message, one way or the other. */
    HOLDS(in_ram(to, n) != in_ram(from, n));
    memcpy(to, from, n);
    return n % 7 != 6;
}

void memory_clean(const void *start, size_t size)
{
    HOLDS(in_ram(start, size));
}

void host_facts(struct host_facts *facts)
{
    *facts = (struct host_facts){.vellum = {VELLUM, RAM + RAM_SIZE - VELLUM}, .granule = 4096};
}

uint64_t guest_counter(void)
{
    return 1;
}

uint64_t guest_vbar(void)
{
    return 2;
}

const uint64_t *cpu_exits(unsigned cpu)
{
    static const uint64_t exits[EXIT_COUNT];

    HOLDS(cpu < machine.cpu_count);
    return exits;
}

void cpu_ask_all(void)
{
}

void cpu_snapshot(unsigned cpu, struct cpu_state_record *record)
{
    HOLDS(cpu < machine.cpu_count);
    memset(record, 0, sizeof(*record));
}

static void map_ram(void)
{
    void *wanted = (void *)(uintptr_t)RAM;
    void *ram = mmap(wanted, RAM_SIZE, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

    HOLDS(ram == wanted);
    memset((void *)(uintptr_t)VELLUM, 0x5a, RAM + RAM_SIZE - VELLUM);
    machine.ram[0] = (struct range){RAM, RAM_SIZE};
    machine.ram_count = 1;
    machine.cpu_count = MAX_CPUS;
}

static void expect_vellum_untouched(void)
{
    const uint8_t *bytes = (const uint8_t *)(uintptr_t)VELLUM;

    HOLDS(bytes[0] == 0x5a && memcmp(bytes, bytes + 1, RAM + RAM_SIZE - VELLUM - 1) == 0);
}

static void send(const uint8_t *bytes, size_t length)
{
    void *message = malloc(length ? length : 1); /* of its very size */
    struct guest_start_call taken;

    memcpy(message, bytes, length);
    memset(&asked, 0, sizeof(asked));
    memcpy(&asked, bytes, length < sizeof(asked) ? length : sizeof(asked));
    replies = 0;
    if (setjmp(stopped) == 0)
        rpc_receive(message, length);
    if (rpc_take_start(&taken)) {
        HOLDS(replies == 0 && taken.entry % 4 == 0);
        HOLDS(taken.entry >= RAM && taken.entry < VELLUM);
        rpc_start_reply(0);
    }
    HOLDS(replies == 1);
    free(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (machine.cpu_count == 0)
        map_ram();
    count = 0;
    state = START_NOT_ASKED;
    while (size >= 2) {
        size_t length = data[0] | (size_t)data[1] << 8;

        data += 2;
        size -= 2;
        if (length > size)
            length = size;
        send(data, length);
        data += length;
        size -= length;
    }
    expect_vellum_untouched();
    return 0;
}
