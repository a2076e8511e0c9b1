/* The rpc channel: every call with what it needs, too little of it, and what it must refuse. */
#include "rpc/rpc.h"

#include <setjmp.h>
#include <string.h>

#include "cpu/world.h"
#include "dev/vpl011.h"
#include "lib/guarded.h"
#include "link/link.h"
#include "mem/stage2.h"
#include "mmio/region.h"
#include "rpc/call.h"
#include "rpc/rpc_host.h"
#include "test.h"
#include "trace/trace.h"

/* RAM of the machine: memory of this program, the last page Vellum's. */
#define RAM_SIZE 0x40000
static _Alignas(4096) uint8_t ram[RAM_SIZE];
#define RAM ((uintptr_t)ram)
#define VELLUM (RAM + RAM_SIZE - 0x1000)

struct machine machine;
static struct mmio_device link_port = {.base = 0xa003e00};
static bool over_uart, fault, stage2_room;
static struct region added;
static unsigned add_status;
static char order[1000]; /* what happened, a letter each */
static jmp_buf stopped;

static struct {
    struct rpc_header header;
    uint8_t body[65536];
} sent;
static unsigned sent_count;

static void happened(char what)
{
    order[strlen(order)] = what;
}

void link_send(enum link_channel channel, const void *payload, size_t length)
{
    EXPECT_EQ(channel, LINK_RPC);
    memcpy(&sent, payload, length);
    EXPECT_EQ(sent.header.length, length - sizeof(struct rpc_header));
    sent_count++;
    happened('s');
}

bool link_drain(uint64_t microseconds)
{
    EXPECT(microseconds > 0);
    happened('d');
    return true;
}

const struct mmio_device *link_device(void)
{
    return &link_port;
}

bool link_is_pl011(void)
{
    return over_uart;
}

void vpl011_flush(void)
{
    happened('v');
}

void trace_flush_all(void)
{
    happened('f');
}

void trace_setup(uint64_t uuid_low, uint64_t uuid_high, bool drop)
{
    EXPECT_EQ(uuid_low, 0x1111);
    EXPECT_EQ(uuid_high, 0x2222);
    happened(drop ? 'D' : 'B');
}

void machine_stop(bool reset)
{
    happened(reset ? 'R' : 'O');
    longjmp(stopped, 1);
}

unsigned region_add(const struct region *region)
{
    added = *region;
    return add_status;
}

unsigned region_change(uint64_t start, uint64_t end, uint64_t flags)
{
    added = (struct region){.start = start, .end = end, .flags = flags};
    happened('g');
    return add_status;
}

bool world_stop(void)
{
    happened('[');
    return true;
}

void world_go(void)
{
    happened(']');
}

bool stage2_has_room(void)
{
    return stage2_room;
}

void stage2_update(uint64_t start, uint64_t end)
{
    EXPECT_EQ(start, added.start);
    EXPECT_EQ(end, added.end);
    happened('2');
}

bool guarded_copy(void *to, const void *from, size_t n)
{
    if (!fault)
        memcpy(to, from, n);
    return !fault;
}

void memory_clean(const void *start, size_t size)
{
    EXPECT((uintptr_t)start >= RAM && (uintptr_t)start + size <= RAM + RAM_SIZE);
    happened('c');
}

void host_facts(struct host_facts *facts)
{
    *facts = (struct host_facts){
        .vellum = {VELLUM, 0x1000},
        .counter_hz = 1000,
        .granule = 16384,
        .midr = 0x410fd000,
        .fine_grained_traps = true,
        .packet_size = 60000,
    };
}

uint64_t guest_counter(void)
{
    return 123456;
}

uint64_t guest_vbar(void)
{
    return 0xffff800000001000;
}

const uint64_t *cpu_exits(unsigned cpu)
{
    static uint64_t exits[MAX_CPUS][EXIT_COUNT];

    for (unsigned i = 0; i < EXIT_COUNT; i++)
        exits[cpu][i] = cpu * 100 + i;
    return exits[cpu];
}

void cpu_ask_all(void)
{
    happened('a');
}

void cpu_snapshot(unsigned cpu, struct cpu_state_record *record)
{
    record->mpidr = cpu;
    record->online = 1;
}

static void reset(void)
{
    machine.ram[0] = (struct range){RAM, RAM_SIZE};
    machine.ram_count = 1;
    machine.cpu_count = 3;
    machine.free_spi = 99;
    machine.fdt.pa = 0x7000;
    machine.fdt_size = 0x900;
    over_uart = fault = false;
    stage2_room = true;
    sent_count = 0;
    add_status = STATUS_OK;
    memset(order, 0, sizeof(order));
}

/* A call with a body. */
static void submit(uint16_t type, const void *body, uint32_t length)
{
    static uint8_t message[70000];
    const struct rpc_header header = {.type = type, .id = 0x5a5a, .length = length};

    memcpy(message, &header, sizeof(header));
    memcpy(message + sizeof(header), body, length);
    rpc_receive(message, sizeof(header) + length);
}

/* The same; returns the status of its reply. */
static unsigned call(uint16_t type, const void *body, uint32_t length)
{
    unsigned before = sent_count;

    submit(type, body, length);
    EXPECT_EQ(sent_count, before + 1);
    EXPECT_EQ(sent.header.type, type | RPC_REPLY);
    EXPECT_EQ(sent.header.id, 0x5a5a);
    if (sent.header.status != STATUS_OK)
        EXPECT_EQ(sent.header.length, 0);
    return sent.header.status;
}

TEST(hello_tells_the_facts)
{
    const struct hello_call args = {.version = RPC_VERSION};
    struct hello_reply reply;

    reset();
    EXPECT_EQ(call(RPC_HELLO, &args, sizeof(args)), STATUS_OK);
    EXPECT_EQ(sent.header.length, sizeof(reply));
    memcpy(&reply, sent.body, sizeof(reply));
    EXPECT_EQ(reply.version, RPC_VERSION);
    EXPECT_EQ(reply.features, 0);
    EXPECT_EQ(reply.cpu_count, 3);
    EXPECT_EQ(reply.vellum_base, VELLUM);
    EXPECT_EQ(reply.fdt_address, 0x7000);
    EXPECT_EQ(reply.link_base, 0xa003e00);
    EXPECT_EQ(reply.console_intid, 0);
}

TEST(hello_over_the_uart_names_the_interrupt_of_the_virtual_one)
{
    struct hello_reply reply;

    reset();
    over_uart = true;
    EXPECT_EQ(call(RPC_HELLO, &(struct hello_call){1, 0}, 8), STATUS_OK);
    memcpy(&reply, sent.body, sizeof(reply));
    EXPECT_EQ(reply.features, FEATURE_PL011_LINK);
    EXPECT_EQ(reply.console_intid, 99);
}

TEST(unknown_types_are_refused)
{
    reset();
    EXPECT_EQ(call(0, "", 0), STATUS_BAD_MESSAGE);
    EXPECT_EQ(call(0x3fff, "", 0), STATUS_BAD_MESSAGE);
    EXPECT_EQ(call(RPC_EVENT_READY, "12345678", 8), STATUS_BAD_MESSAGE);
}

TEST(calls_shorter_than_their_fields_are_refused)
{
    static const uint8_t zeros[64];
#define ROW(type, name, size, tail) {type, size},
    static const struct {
        uint16_t type;
        uint32_t size;
    } calls[] = {RPC_CALLS(ROW)};
#undef ROW

    reset();
    for (unsigned i = 0; i < ARRAY_SIZE(calls); i++)
        for (uint32_t length = 0; length < calls[i].size; length++)
            EXPECT_EQ(call(calls[i].type, zeros, length), STATUS_BAD_MESSAGE);
}

TEST(messages_shorter_than_they_say_are_refused)
{
    const struct rpc_header header = {.type = RPC_HELLO, .id = 7, .length = 8};

    reset();
    for (size_t n = 0; n <= sizeof(header); n++) {
        rpc_receive(&header, n);
        EXPECT_EQ(sent.header.status, STATUS_BAD_MESSAGE);
    }
    EXPECT_EQ(sent.header.id, 7);
    EXPECT_EQ(sent_count, sizeof(header) + 1);
}

TEST(memory_is_written_and_read_back)
{
    struct {
        uint64_t address;
        uint8_t bytes[RPC_MAX_MEMORY];
    } write = {.address = RAM + 0x123};

    reset();
    memset(write.bytes, 0x77, sizeof(write.bytes));
    EXPECT_EQ(call(RPC_MEM_WRITE, &write, sizeof(write)), STATUS_OK);
    EXPECT(strcmp(order, "cs") == 0);
    const struct mem_read_call read = {.address = RAM + 0x122, .length = RPC_MAX_MEMORY};
    EXPECT_EQ(call(RPC_MEM_READ, &read, sizeof(read)), STATUS_OK);
    EXPECT_EQ(sent.header.length, 8 + RPC_MAX_MEMORY);
    EXPECT(memcmp(sent.body, &read.address, 8) == 0);
    EXPECT_EQ(sent.body[8], 0);
    EXPECT_EQ(sent.body[9], 0x77);
}

static unsigned read_at(uint64_t address, uint64_t length)
{
    const struct mem_read_call args = {.address = address, .length = length};
    return call(RPC_MEM_READ, &args, sizeof(args));
}

TEST(reads_beyond_ram_or_the_limit_are_refused)
{
    reset();
    EXPECT_EQ(read_at(RAM, 0), STATUS_BAD_ARGUMENT);
    EXPECT_EQ(read_at(RAM, RPC_MAX_MEMORY + 1), STATUS_BAD_ARGUMENT);
    EXPECT_EQ(read_at(RAM - 1, 2), STATUS_BAD_ARGUMENT);
    EXPECT_EQ(read_at(RAM + RAM_SIZE - 1, 2), STATUS_BAD_ARGUMENT);
    EXPECT_EQ(read_at(UINT64_MAX, 2), STATUS_BAD_ARGUMENT);
    EXPECT_EQ(read_at(RAM, UINT64_MAX), STATUS_BAD_ARGUMENT);
    EXPECT_EQ(read_at(RAM + RAM_SIZE - 1, 1), STATUS_OK); /* Vellum's: the FDT is there */
}

TEST(vellums_memory_is_not_written)
{
    uint8_t args[8 + 2] = {0};

    reset();
    memcpy(args, &(uint64_t){VELLUM - 1}, 8);
    EXPECT_EQ(call(RPC_MEM_WRITE, args, 9), STATUS_OK);
    EXPECT_EQ(call(RPC_MEM_WRITE, args, 10), STATUS_BAD_ARGUMENT);
    EXPECT_EQ(call(RPC_MEM_WRITE, args, 8), STATUS_BAD_ARGUMENT);
}

TEST(a_fault_is_a_reply)
{
    reset();
    fault = true;
    EXPECT_EQ(read_at(RAM, 100), STATUS_FAULT);
    EXPECT_EQ(call(RPC_MEM_WRITE, &(uint64_t[2]){RAM, 0}, 16), STATUS_FAULT);
}

static unsigned add(uint64_t start, uint64_t size, uint32_t flags)
{
    const struct region_add_call args = {.start = start, .size = size, .flags = flags};
    return call(RPC_REGION_ADD, &args, sizeof(args));
}

TEST(a_region_is_added_as_asked)
{
    reset();
    EXPECT_EQ(add(0x1004, 4, REGION_TRACE_WRITE), STATUS_OK);
    EXPECT_EQ(added.start, 0x1004);
    EXPECT_EQ(added.end, 0x1008);
    EXPECT_EQ(added.flags, REGION_TRACE_WRITE);
    EXPECT(added.model == NULL);
    EXPECT_EQ(added.exit, EXIT_MMIO_UNTRACED);
    add_status = STATUS_OVERLAP;
    EXPECT_EQ(add(0x1004, 4, REGION_TRACE_READ), STATUS_OVERLAP);
}

TEST(regions_that_make_no_sense_are_refused)
{
    reset();
    EXPECT_EQ(add(0x1000, 0, 3), STATUS_BAD_ARGUMENT);
    EXPECT_EQ(add(0x1000, 4, 0), STATUS_BAD_ARGUMENT);
    EXPECT_EQ(add(0x1000, 4, 4), STATUS_BAD_ARGUMENT);
    EXPECT_EQ(add(UINT64_MAX, 4, 3), STATUS_BAD_ARGUMENT);
    EXPECT_EQ(add(RAM - 4, 8, 3), STATUS_BAD_ARGUMENT);
    EXPECT_EQ(add(RAM + 100, 8, 3), STATUS_BAD_ARGUMENT);
    EXPECT_EQ(add(VELLUM, 8, 3), STATUS_BAD_ARGUMENT);
    EXPECT_EQ(add(0, UINT64_MAX, 3), STATUS_BAD_ARGUMENT);
    EXPECT_EQ(add(RAM - 8, 8, 3), STATUS_OK);
}

TEST(memory_is_traced_only_when_asked_for_as_such)
{
    reset();
    EXPECT_EQ(add(RAM + 100, 8, 3 | REGION_RAM), STATUS_OK);
    EXPECT_EQ(added.flags, 3 | REGION_RAM);
    EXPECT_EQ(add(RAM - 4, 8, 3 | REGION_RAM), STATUS_BAD_ARGUMENT);
    EXPECT_EQ(add(VELLUM, 8, 3 | REGION_RAM), STATUS_BAD_ARGUMENT);
    EXPECT_EQ(add(0x1000, 8, 3 | REGION_RAM), STATUS_BAD_ARGUMENT);
    EXPECT_EQ(add(RAM + 100, 8, REGION_RAM), STATUS_BAD_ARGUMENT);
}

static unsigned change(uint64_t start, uint64_t size, uint32_t flags)
{
    const struct region_change_call args = {.start = start, .size = size, .flags = flags};
    return call(RPC_REGION_CHANGE, &args, sizeof(args));
}

TEST(a_region_is_changed_as_asked)
{
    reset();
    EXPECT_EQ(change(0x1004, 4, 0), STATUS_OK);
    EXPECT_EQ(added.start, 0x1004);
    EXPECT_EQ(added.end, 0x1008);
    EXPECT_EQ(added.flags, 0);
    EXPECT_EQ(change(0x1004, 0, 1), STATUS_BAD_ARGUMENT);
    EXPECT_EQ(change(0x1004, 4, 4), STATUS_BAD_ARGUMENT);
    EXPECT_EQ(change(UINT64_MAX, 4, 1), STATUS_BAD_ARGUMENT);
}

TEST(flush_sends_everything_before_it_replies)
{
    reset();
    EXPECT_EQ(call(RPC_FLUSH, "", 0), STATUS_OK);
    EXPECT(strcmp(order, "vfs") == 0);
}

TEST(stats_has_every_counter_of_every_cpu)
{
    struct stats_reply reply;
    uint64_t counter;

    reset();
    machine.cpu_count = MAX_CPUS;
    EXPECT_EQ(call(RPC_STATS, "", 0), STATUS_OK);
    EXPECT_EQ(sent.header.length, sizeof(reply) + MAX_CPUS * EXIT_COUNT * 8);
    memcpy(&reply, sent.body, sizeof(reply));
    EXPECT_EQ(reply.exit_count, EXIT_COUNT);
    EXPECT_EQ(reply.guest_vbar, 0xffff800000001000);
    memcpy(&counter, sent.body + sizeof(reply) + (2 * EXIT_COUNT + EXIT_SGI) * 8, 8);
    EXPECT_EQ(counter, 200 + EXIT_SGI);
}

TEST(cpu_state_asks_then_tells_of_every_cpu)
{
    struct cpu_state_record record;

    reset();
    EXPECT_EQ(call(RPC_CPU_STATE, "", 0), STATUS_OK);
    EXPECT(strcmp(order, "as") == 0);
    EXPECT_EQ(sent.header.length, sizeof(struct cpu_state_reply) + 3 * sizeof(record));
    memcpy(&record, sent.body + sizeof(struct cpu_state_reply) + 2 * sizeof(record),
           sizeof(record));
    EXPECT_EQ(record.mpidr, 2);
    EXPECT_EQ(record.online, 1);
}

/* What happens from a call to the end of the machine. */
static void stop(uint16_t type)
{
    const struct rpc_header header = {.type = type, .id = 9};

    reset();
    if (setjmp(stopped) == 0)
        rpc_receive(&header, sizeof(header));
    EXPECT_EQ(sent.header.type, type | RPC_REPLY);
    EXPECT_EQ(sent.header.id, 9);
}

TEST(the_machine_stops_after_the_reply_has_left)
{
    stop(RPC_MACHINE_OFF);
    EXPECT(strcmp(order, "vfsdO") == 0);
    stop(RPC_MACHINE_RESET);
    EXPECT(strcmp(order, "vfsdR") == 0);
}

TEST(events_have_no_id)
{
    struct guest_stop_event event;

    reset();
    rpc_event_ready();
    EXPECT_EQ(sent.header.type, RPC_EVENT_READY);
    EXPECT_EQ(sent.header.id, 0);
    rpc_event_guest_stop(STOP_REASON_SYSTEM_RESET, 2, 77);
    EXPECT_EQ(sent.header.type, RPC_EVENT_GUEST_STOP);
    EXPECT_EQ(sent.header.length, sizeof(event));
    memcpy(&event, sent.body, sizeof(event));
    EXPECT_EQ(event.reason, STOP_REASON_SYSTEM_RESET);
    EXPECT_EQ(event.cpu, 2);
    EXPECT_EQ(event.counter, 77);
    EXPECT(strcmp(order, "svs") == 0); /* the guest's last words before its end */
}

/* Last: a guest starts once. */
TEST(z_the_guest_starts_once_and_the_reply_waits_for_it)
{
    const struct trace_setup_call setup = {.uuid_low = 0x1111, .uuid_high = 0x2222};
    struct trace_setup_call drop = setup;
    struct guest_start_call taken;
    struct guest_start_reply reply;
    const struct guest_start_call start = {.entry = RAM + 0x80, .x0 = 0xfd7};

    reset();
    EXPECT_EQ(call(RPC_TRACE_SETUP, &setup, sizeof(setup)), STATUS_OK);
    drop.policy = TRACE_POLICY_DROP;
    EXPECT_EQ(call(RPC_TRACE_SETUP, &drop, sizeof(drop)), STATUS_OK);
    EXPECT(strcmp(order, "BsDs") == 0);
    drop.policy = 2;
    EXPECT_EQ(call(RPC_TRACE_SETUP, &drop, sizeof(drop)), STATUS_BAD_ARGUMENT);

    EXPECT_EQ(call(RPC_GUEST_START, &(struct guest_start_call){RAM + 2, 0}, 16),
              STATUS_BAD_ARGUMENT);
    EXPECT_EQ(call(RPC_GUEST_START, &(struct guest_start_call){VELLUM, 0}, 16),
              STATUS_BAD_ARGUMENT);
    EXPECT_EQ(call(RPC_GUEST_START, &(struct guest_start_call){0x1000, 0}, 16),
              STATUS_BAD_ARGUMENT);
    EXPECT(!rpc_take_start(&taken));

    sent_count = 0;
    submit(RPC_GUEST_START, &start, sizeof(start));
    EXPECT_EQ(sent_count, 0);
    EXPECT_EQ(call(RPC_GUEST_START, &start, sizeof(start)), STATUS_NOT_NOW);
    EXPECT(rpc_take_start(&taken));
    EXPECT_EQ(taken.entry, RAM + 0x80);
    EXPECT_EQ(taken.x0, 0xfd7);
    EXPECT(!rpc_take_start(&taken));
    rpc_start_reply(4711);
    EXPECT_EQ(sent.header.type, RPC_GUEST_START | RPC_REPLY);
    EXPECT_EQ(sent.header.id, 0x5a5a);
    memcpy(&reply, sent.body, sizeof(reply));
    EXPECT_EQ(reply.counter, 4711);
    EXPECT_EQ(call(RPC_TRACE_SETUP, &setup, sizeof(setup)), STATUS_NOT_NOW);

    /* From now on the world stops for a change of the regions, and stage 2 follows. */
    reset();
    EXPECT_EQ(add(0x1004, 4, REGION_TRACE_WRITE), STATUS_OK);
    EXPECT_EQ(change(0x1004, 4, 0), STATUS_OK);
    EXPECT(strcmp(order, "[2]s[g2]s") == 0);
    reset();
    add_status = STATUS_OVERLAP;
    EXPECT_EQ(add(0x1004, 4, REGION_TRACE_WRITE), STATUS_OVERLAP);
    EXPECT(strcmp(order, "[]s") == 0);
    reset();
    stage2_room = false;
    EXPECT_EQ(add(0x1004, 4, REGION_TRACE_WRITE), STATUS_NO_ROOM);
    EXPECT(strcmp(order, "s") == 0);
}
