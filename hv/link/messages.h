/*
 * Messages of the link's rpc channel. From hv/link/messages.toml.
 * Written by `python -m vellum.codegen`; do not edit.
 */
/* clang-format off */
#ifndef VELLUM_LINK_MESSAGES_H
#define VELLUM_LINK_MESSAGES_H

#include "lib/types.h"

#define RPC_VERSION 1

#define RPC_REPLY 0x8000 /* in a reply's type, beside its call's number */
#define RPC_EVENT 0x4000 /* in an event's type */

struct rpc_header {
    uint16_t type;
    uint16_t status;
    uint32_t id;
    uint32_t length;
};
static_assert(offsetof(struct rpc_header, type) == 0, "wire");
static_assert(offsetof(struct rpc_header, status) == 2, "wire");
static_assert(offsetof(struct rpc_header, id) == 4, "wire");
static_assert(offsetof(struct rpc_header, length) == 8, "wire");
static_assert(sizeof(struct rpc_header) == 12, "wire");

enum rpc_type {
    RPC_HELLO = 1,
    RPC_MEM_READ = 2,
    RPC_MEM_WRITE = 3,
    RPC_TRACE_SETUP = 4,
    RPC_REGION_ADD = 5,
    RPC_GUEST_START = 6,
    RPC_FLUSH = 7,
    RPC_STATS = 8,
    RPC_CPU_STATE = 9,
    RPC_MACHINE_OFF = 10,
    RPC_MACHINE_RESET = 11,
    RPC_REGION_CHANGE = 12,
    RPC_EVENT_READY = 0x4001,
    RPC_EVENT_GUEST_STOP = 0x4002,
};

enum status {
    STATUS_OK = 0,
    STATUS_BAD_MESSAGE = 1,
    STATUS_BAD_ARGUMENT = 2,
    STATUS_FAULT = 3,
    STATUS_NOT_NOW = 4,
    STATUS_NO_ROOM = 5,
    STATUS_OVERLAP = 6,
};

enum stop_reason {
    STOP_REASON_SYSTEM_OFF = 0,
    STOP_REASON_SYSTEM_RESET = 1,
    STOP_REASON_HOST_REQUEST = 2,
};

#define FEATURE_PL011_LINK BIT(0)

#define REGION_TRACE_READ BIT(0)
#define REGION_TRACE_WRITE BIT(1)
#define REGION_RAM BIT(2)

#define TRACE_POLICY_DROP BIT(0)

/* Why a CPU left the guest: the order of the counters in `stats`. */
enum exit {
    EXIT_MMIO_TRACED = 0,
    EXIT_MMIO_UNTRACED = 1,
    EXIT_MMIO_GIC = 2,
    EXIT_MMIO_EMULATED = 3,
    EXIT_MMIO_DECODED = 4,
    EXIT_MMIO_STEPPED = 5,
    EXIT_MMIO_ABORTED = 6,
    EXIT_SGI = 7,
    EXIT_PSCI = 8,
    EXIT_SMC = 9,
    EXIT_HVC = 10,
    EXIT_FIQ_LINK = 11,
    EXIT_FIQ_SGI = 12,
    EXIT_FIQ_TIMER = 13,
    EXIT_UNKNOWN = 14,
    EXIT_COUNT
};

/* X(type, name, bytes of fixed arguments, whether a tail may follow) */
#define RPC_CALLS(X)                                                                               \
    X(RPC_HELLO, hello, 8, false)                                                                  \
    X(RPC_MEM_READ, mem_read, 16, false)                                                           \
    X(RPC_MEM_WRITE, mem_write, 8, true)                                                           \
    X(RPC_TRACE_SETUP, trace_setup, 24, false)                                                     \
    X(RPC_REGION_ADD, region_add, 24, false)                                                       \
    X(RPC_GUEST_START, guest_start, 16, false)                                                     \
    X(RPC_FLUSH, flush, 0, false)                                                                  \
    X(RPC_STATS, stats, 0, false)                                                                  \
    X(RPC_CPU_STATE, cpu_state, 0, false)                                                          \
    X(RPC_MACHINE_OFF, machine_off, 0, false)                                                      \
    X(RPC_MACHINE_RESET, machine_reset, 0, false)                                                  \
    X(RPC_REGION_CHANGE, region_change, 24, false)

/* First call: who is there. Also sent by Vellum on its own, as the event `ready`. */
struct hello_call {
    uint32_t version;
    uint32_t pad;
};
static_assert(offsetof(struct hello_call, version) == 0, "wire");
static_assert(offsetof(struct hello_call, pad) == 4, "wire");
static_assert(sizeof(struct hello_call) == 8, "wire");

struct hello_reply {
    uint32_t version;
    uint32_t features;
    uint32_t cpu_count;
    uint32_t granule;
    uint64_t counter_hz;
    uint64_t vellum_base;
    uint64_t vellum_size;
    uint64_t fdt_address;
    uint64_t fdt_size;
    uint64_t link_base;
    uint32_t console_intid;
    uint32_t midr;
    uint32_t fine_grained_traps;
    uint32_t packet_size;
};
static_assert(offsetof(struct hello_reply, version) == 0, "wire");
static_assert(offsetof(struct hello_reply, features) == 4, "wire");
static_assert(offsetof(struct hello_reply, cpu_count) == 8, "wire");
static_assert(offsetof(struct hello_reply, granule) == 12, "wire");
static_assert(offsetof(struct hello_reply, counter_hz) == 16, "wire");
static_assert(offsetof(struct hello_reply, vellum_base) == 24, "wire");
static_assert(offsetof(struct hello_reply, vellum_size) == 32, "wire");
static_assert(offsetof(struct hello_reply, fdt_address) == 40, "wire");
static_assert(offsetof(struct hello_reply, fdt_size) == 48, "wire");
static_assert(offsetof(struct hello_reply, link_base) == 56, "wire");
static_assert(offsetof(struct hello_reply, console_intid) == 64, "wire");
static_assert(offsetof(struct hello_reply, midr) == 68, "wire");
static_assert(offsetof(struct hello_reply, fine_grained_traps) == 72, "wire");
static_assert(offsetof(struct hello_reply, packet_size) == 76, "wire");
static_assert(sizeof(struct hello_reply) == 80, "wire");

/* Reads physical memory; at most 32768 bytes. */
struct mem_read_call {
    uint64_t address;
    uint64_t length;
};
static_assert(offsetof(struct mem_read_call, address) == 0, "wire");
static_assert(offsetof(struct mem_read_call, length) == 8, "wire");
static_assert(sizeof(struct mem_read_call) == 16, "wire");

struct mem_read_reply {
    uint64_t address;
};
static_assert(offsetof(struct mem_read_reply, address) == 0, "wire");
static_assert(sizeof(struct mem_read_reply) == 8, "wire");

/* Writes physical memory; at most 32768 bytes. */
struct mem_write_call {
    uint64_t address;
};
static_assert(offsetof(struct mem_write_call, address) == 0, "wire");
static_assert(sizeof(struct mem_write_call) == 8, "wire");

struct mem_write_reply {
    uint64_t address;
};
static_assert(offsetof(struct mem_write_reply, address) == 0, "wire");
static_assert(sizeof(struct mem_write_reply) == 8, "wire");

/* Names the trace and sets the policy when the host is slow. Before guest_start. */
struct trace_setup_call {
    uint64_t uuid_low;
    uint64_t uuid_high;
    uint32_t policy;
    uint32_t pad;
};
static_assert(offsetof(struct trace_setup_call, uuid_low) == 0, "wire");
static_assert(offsetof(struct trace_setup_call, uuid_high) == 8, "wire");
static_assert(offsetof(struct trace_setup_call, policy) == 16, "wire");
static_assert(offsetof(struct trace_setup_call, pad) == 20, "wire");
static_assert(sizeof(struct trace_setup_call) == 24, "wire");

/*
 * Traces accesses to [start, start + size), from now on, also while the guest runs. Refused: zero
 * size, overlap, Vellum's memory, RAM without its flag.
 */
struct region_add_call {
    uint64_t start;
    uint64_t size;
    uint32_t flags;
    uint32_t pad;
};
static_assert(offsetof(struct region_add_call, start) == 0, "wire");
static_assert(offsetof(struct region_add_call, size) == 8, "wire");
static_assert(offsetof(struct region_add_call, flags) == 16, "wire");
static_assert(offsetof(struct region_add_call, pad) == 20, "wire");
static_assert(sizeof(struct region_add_call) == 24, "wire");

/* Enters the guest on the boot CPU at `entry` (EL1h, MMU off, x0 = `x0`). */
struct guest_start_call {
    uint64_t entry;
    uint64_t x0;
};
static_assert(offsetof(struct guest_start_call, entry) == 0, "wire");
static_assert(offsetof(struct guest_start_call, x0) == 8, "wire");
static_assert(sizeof(struct guest_start_call) == 16, "wire");

struct guest_start_reply {
    uint64_t counter;
};
static_assert(offsetof(struct guest_start_reply, counter) == 0, "wire");
static_assert(sizeof(struct guest_start_reply) == 8, "wire");

struct stats_reply {
    uint64_t counter;
    uint64_t guest_vbar;
    uint32_t cpu_count;
    uint32_t exit_count;
};
static_assert(offsetof(struct stats_reply, counter) == 0, "wire");
static_assert(offsetof(struct stats_reply, guest_vbar) == 8, "wire");
static_assert(offsetof(struct stats_reply, cpu_count) == 16, "wire");
static_assert(offsetof(struct stats_reply, exit_count) == 20, "wire");
static_assert(sizeof(struct stats_reply) == 24, "wire");

struct cpu_state_reply {
    uint32_t cpu_count;
    uint32_t pad;
};
static_assert(offsetof(struct cpu_state_reply, cpu_count) == 0, "wire");
static_assert(offsetof(struct cpu_state_reply, pad) == 4, "wire");
static_assert(sizeof(struct cpu_state_reply) == 8, "wire");

/*
 * Traces the traced bytes of [start, start + size) otherwise; flags 0: no more. Refused: none is
 * traced.
 */
struct region_change_call {
    uint64_t start;
    uint64_t size;
    uint32_t flags;
    uint32_t pad;
};
static_assert(offsetof(struct region_change_call, start) == 0, "wire");
static_assert(offsetof(struct region_change_call, size) == 8, "wire");
static_assert(offsetof(struct region_change_call, flags) == 16, "wire");
static_assert(offsetof(struct region_change_call, pad) == 20, "wire");
static_assert(sizeof(struct region_change_call) == 24, "wire");

/* Sent once when Vellum is up and waits for calls. Ask `hello` for the rest. */
struct ready_event {
    uint32_t version;
    uint32_t pad;
};
static_assert(offsetof(struct ready_event, version) == 0, "wire");
static_assert(offsetof(struct ready_event, pad) == 4, "wire");
static_assert(sizeof(struct ready_event) == 8, "wire");

/*
 * The guest called SYSTEM_OFF or SYSTEM_RESET. All trace packets were sent before it. Vellum now
 * waits (10 s) for machine_off or machine_reset, then does what the guest asked.
 */
struct guest_stop_event {
    uint32_t reason;
    uint32_t cpu;
    uint64_t counter;
};
static_assert(offsetof(struct guest_stop_event, reason) == 0, "wire");
static_assert(offsetof(struct guest_stop_event, cpu) == 4, "wire");
static_assert(offsetof(struct guest_stop_event, counter) == 8, "wire");
static_assert(sizeof(struct guest_stop_event) == 16, "wire");

/* One CPU: where the guest was when it last left it; online: 1 once PSCI has started it. */
struct cpu_state_record {
    uint64_t mpidr;
    uint64_t pc;
    uint64_t pstate;
    uint64_t vbar;
    uint32_t online;
    uint32_t pad;
};
static_assert(offsetof(struct cpu_state_record, mpidr) == 0, "wire");
static_assert(offsetof(struct cpu_state_record, pc) == 8, "wire");
static_assert(offsetof(struct cpu_state_record, pstate) == 16, "wire");
static_assert(offsetof(struct cpu_state_record, vbar) == 24, "wire");
static_assert(offsetof(struct cpu_state_record, online) == 32, "wire");
static_assert(offsetof(struct cpu_state_record, pad) == 36, "wire");
static_assert(sizeof(struct cpu_state_record) == 40, "wire");

#endif
