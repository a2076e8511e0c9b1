/*
 * How long an SGI takes from its send on one CPU to its receipt on another: two CPUs send one to
 * and fro, count=N (2000) rounds of two SGIs each, each CPU asleep in WFI while it is not its turn.
 * IRQs stay masked: what is counted is the send, the wake-up, acknowledge and end.
 */
#include "lib/gic.h"
#include "lib/payload.h"

const char payload_name[] = "count_ipi";

#define SGI 1

static volatile unsigned ready;
static uint64_t ticks;

static void receive(void)
{
    uint32_t intid;

    while ((intid = gic_acknowledge()) == GIC_SPURIOUS)
        wfi();
    gic_end(intid);
    if (intid != SGI)
        die("interrupt %u in place of SGI %u", intid, SGI);
}

static void ping_pong(void)
{
    uint64_t count = arg_number("count", 2000);
    bool first = this_cpu()->index == 0;
    uint64_t to_other = gic_sgi_value(SGI, cpus[first ? 1 : 0].mpidr);

    if (this_cpu()->index > 1)
        return;
    gic_init_cpu();
    cpu_meet(&ready, 2);
    uint64_t start = counter_now();
    for (uint64_t i = 0; i < count; i++) {
        if (first)
            gic_send(to_other);
        receive();
        if (!first)
            gic_send(to_other);
    }
    if (first)
        ticks = counter_now() - start;
}

void payload_run(void)
{
    uint64_t count = arg_number("count", 2000);

    if (cpu_count < 2)
        die("needs two CPUs");
    gic_init();
    cpu_run_all(ping_pong);
    print("ok rounds=%lu ticks=%lu counter_hz=%lu", 2 * count, ticks, sysreg_read(cntfrq_el0));
}
