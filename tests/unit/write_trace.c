/*
 * Writes a stream of trace packets with hv/trace/ring.c, and says what is in them, for
 * tests/host/test_trace_native.py.
 *   write_trace FILE CPU block|drop SEED
 * On stdout a line for each event that was kept, "time id field...", then "discarded COUNT".
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/world.h"
#include "link/deadline.h"
#include "trace/event.h"

#define EVENTS 12000

static FILE *out;
static struct link_tx *in_flight[TRACE_SLOT_COUNT];
static unsigned in_flight_count, reaps;
static uint64_t now, random_state;

uint64_t trace_clock(void)
{
    return now;
}

uint64_t deadline_counter(void)
{
    return reaps;
}

bool link_submit(struct link_tx *tx, enum link_channel channel)
{
    (void)channel;
    if (in_flight_count == 12)
        return false;
    in_flight[in_flight_count++] = tx;
    tx->busy = true;
    return true;
}

void world_pause(void)
{
}

/* The host takes its time. */
void link_reap(void)
{
    struct link_tx *tx = in_flight[0];

    if (++reaps % 600 != 0 || in_flight_count == 0)
        return;
    if (fwrite(tx->frame + 1, 1, tx->length, out) != tx->length)
        abort();
    in_flight_count--;
    memmove(in_flight, in_flight + 1, in_flight_count * sizeof(in_flight[0]));
    tx->busy = false;
}

/* SplitMix64: Guy Steele et al., "Fast splittable pseudorandom number generators". */
static uint64_t random64(void)
{
    uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void write_event(struct trace_cpu *trace)
{
    uint32_t id = (uint32_t)(random64() % TRACE_EVENT_COUNT), insn = (uint32_t)random64();
    uint64_t pc = random64(), address = random64(), value = random64();
    uint64_t discarded = trace->discarded;
    char line[200];

    if (id < TRACE_MMIO_STEPPED) {
        value >>= 64 - (8 << (id & 3));
        trace_mmio(trace, id, pc, address, value);
        snprintf(line, sizeof(line), "%" PRIu64 " %" PRIu64 " %" PRIu64, pc, address, value);
    } else if (id == TRACE_MMIO_STEPPED) {
        trace_mmio_stepped(trace, pc, address, insn, (uint32_t)value);
        snprintf(line, sizeof(line), "%" PRIu64 " %" PRIu64 " %" PRIu32 " %" PRIu32, pc, address,
                 insn, (uint32_t)value);
    } else if (id == TRACE_MMIO_ABORTED) {
        trace_mmio_aborted(trace, pc, address, insn);
        snprintf(line, sizeof(line), "%" PRIu64 " %" PRIu64 " %" PRIu32, pc, address, insn);
    } else {
        trace_trap_unknown(trace, pc, insn);
        snprintf(line, sizeof(line), "%" PRIu64 " %" PRIu32, pc, insn);
    }
    if (trace->discarded == discarded)
        printf("%" PRIu64 " %" PRIu32 " %s\n", now, id, line);
}

int main(int argc, char **argv)
{
    static struct trace_cpu trace;
    void *slots = aligned_alloc(4096, TRACE_SLOT_COUNT * TRACE_SLOT_SIZE);

    if (argc != 5 || slots == NULL || (out = fopen(argv[1], "wb")) == NULL) {
        fprintf(stderr, "usage: write_trace FILE CPU block|drop SEED\n");
        return 1;
    }
    random_state = strtoull(argv[4], NULL, 0);
    now = random64() >> 8;
    /* tests/host/test_trace_native.py knows the UUID. */
    trace_setup(UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908),
                strcmp(argv[3], "drop") == 0);
    trace_init_cpu(&trace, (uint32_t)atoi(argv[2]), slots);
    for (unsigned i = 0; i < EVENTS; i++) {
        now += random64() % 2000;
        if (random64() % 500 == 0)
            now += random64() % BIT(29);
        write_event(&trace);
    }
    trace_flush(&trace, 1000000);
    while (in_flight_count > 0)
        link_reap();
    printf("discarded %" PRIu64 "\n", trace.discarded);
    free(slots);
    return fclose(out) != 0;
}
