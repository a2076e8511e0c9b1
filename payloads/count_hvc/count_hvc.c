/*
 * How long count=N (10000) null hypercalls take, loop included, in ticks of CNTVCT_EL0.
 * call=psci: PSCI_VERSION by the machine's own conduit instead, which is there without Vellum too.
 */
#include "lib/hypercall.h"
#include "lib/payload.h"
#include "lib/psci.h"

const char payload_name[] = "count_hvc";

#define PSCI_VERSION 0x84000000

#define TIME_CALLS(instruction, function, count)                                                   \
    ({                                                                                             \
        uint64_t left_ = (count), function_ = (function), start_ = counter_now();                  \
        __asm__ volatile("1: mov x0, %1\n" instruction " #0\n subs %0, %0, #1\n b.ne 1b"           \
                         : "+r"(left_)                                                             \
                         : "r"(function_)                                                          \
                         : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10",      \
                           "x11", "x12", "x13", "x14", "x15", "x16", "x17", "cc", "memory");       \
        counter_now() - start_;                                                                    \
    })

void payload_run(void)
{
    uint64_t count = arg_number("count", 10000), ticks;
    bool psci = arg_is("call", "psci");

    if (!psci)
        ticks = TIME_CALLS("hvc", VELLUM_HVC_NULL, count);
    else if (machine.psci_is_smc)
        ticks = TIME_CALLS("smc", PSCI_VERSION, count);
    else
        ticks = TIME_CALLS("hvc", PSCI_VERSION, count);
    print("ok call=%s rounds=%lu ticks=%lu counter_hz=%lu", psci ? "psci" : "null", count, ticks,
          sysreg_read(cntfrq_el0));
}
