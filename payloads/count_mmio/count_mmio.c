/*
 * How long count=N (10000) accesses to a device register take, loop included, in ticks of
 * CNTVCT_EL0. op=read|write|pair|writeback (read); address=A (the PL011's UARTPERIPHID0, or UARTFBRD
 * for writes). pair: LDP of two words, writeback: LDR post-indexed; both without a full syndrome.
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

static uint64_t time_pairs(uint64_t address, uint64_t count)
{
    uint64_t start = counter_now();
    __asm__ volatile("1: ldp w2, w3, [%1]\n subs %0, %0, #1\n b.ne 1b"
                     : "+r"(count)
                     : "r"(address)
                     : "x2", "x3", "cc", "memory");
    return counter_now() - start;
}

static uint64_t time_writebacks(uint64_t address, uint64_t count)
{
    uint64_t start = counter_now();
    __asm__ volatile("1: ldr w2, [%1], #0\n subs %0, %0, #1\n b.ne 1b"
                     : "+r"(count), "+r"(address)
                     :
                     : "x2", "cc", "memory");
    return counter_now() - start;
}

static const struct {
    const char *name;
    uint64_t (*time)(uint64_t address, uint64_t count);
} ops[] = {
    {"read", time_reads},
    {"write", time_writes},
    {"pair", time_pairs},
    {"writeback", time_writebacks},
};

void payload_run(void)
{
    uint64_t count = arg_number("count", 10000);
    bool write = arg_is("op", "write");
    uint64_t address = arg_number("address", machine.pl011 + (write ? UARTFBRD : UARTPERIPHID0));
    unsigned op = 0;

    for (unsigned i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
        if (arg_is("op", ops[i].name))
            op = i;
    uint64_t ticks = ops[op].time(address, count);
    print("ok op=%s rounds=%lu ticks=%lu counter_hz=%lu", ops[op].name, count, ticks,
          sysreg_read(cntfrq_el0));
}
