/*
 * How long count=N (10000) accesses to a device register take, loop included, in ticks of
 * CNTVCT_EL0. op=read|write (read); address=A (the PL011's UARTPERIPHID0, or UARTFBRD for writes).
 */
#include "lib/payload.h"

const char payload_name[] = "count_mmio";

#define UARTFBRD 0x28
#define UARTPERIPHID0 0xfe0

/* The same three instructions a round for both. */
static uint64_t time_reads(uint64_t address, uint64_t count)
{
    uint64_t start = counter_now();
    __asm__ volatile("1: ldr wzr, [%1]\n subs %0, %0, #1\n b.ne 1b"
                     : "+r"(count)
                     : "r"(address)
                     : "cc", "memory");
    return counter_now() - start;
}

static uint64_t time_writes(uint64_t address, uint64_t count)
{
    uint64_t start = counter_now();
    __asm__ volatile("1: str wzr, [%1]\n subs %0, %0, #1\n b.ne 1b"
                     : "+r"(count)
                     : "r"(address)
                     : "cc", "memory");
    return counter_now() - start;
}

void payload_run(void)
{
    uint64_t count = arg_number("count", 10000);
    bool write = arg_is("op", "write");
    uint64_t address = arg_number("address", machine.pl011 + (write ? UARTFBRD : UARTPERIPHID0));
    uint64_t ticks = write ? time_writes(address, count) : time_reads(address, count);

    print("ok op=%s rounds=%lu ticks=%lu counter_hz=%lu", write ? "write" : "read", count, ticks,
          sysreg_read(cntfrq_el0));
}
