/*
 * Accesses to one device from all CPUs at once, as fast as they go: what a trace must hold in full.
 * count=N: accesses a CPU (1000); op=read|write (read); address=A: the register (by default the
 * PL011's first identification register, or its fractional baud rate for writes).
 */
#include "lib/io.h"
#include "lib/payload.h"

const char payload_name[] = "hammer";

#define UARTFBRD 0x28
#define UARTPERIPHID0 0xfe0

static volatile unsigned ready;
static uint64_t address, count;
static bool write;

static void hammer(void)
{
    unsigned index = this_cpu()->index, odd = 0;

    cpu_meet(&ready, cpu_count);
    uint64_t start = counter_now();
    if (write) {
        for (uint64_t i = 0; i < count; i++)
            io_write32(address, index);
    } else {
        uint32_t first = io_read32(address);
        for (uint64_t i = 1; i < count; i++)
            odd += io_read32(address) != first;
    }
    uint64_t ticks = counter_now() - start;
    print("cpu=%u count=%lu ticks=%lu", index, count, ticks);
    check(odd == 0, "cpu=%u %u reads gave another value than the first", index, odd);
}

void payload_run(void)
{
    write = arg_is("op", "write");
    count = arg_number("count", 1000);
    address = arg_number("address", machine.pl011 + (write ? UARTFBRD : UARTPERIPHID0));
    cpu_run_all(hammer);
    print("ok op=%s address=0x%lx total=%lu", write ? "write" : "read", address, count * cpu_count);
}
