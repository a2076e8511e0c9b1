/*
 * Interrupts without an exit: both EL1 timers on every CPU, then SGIs from every CPU to every CPU,
 * one target at a time and to all others at once.
 * count=N: interrupts of each timer (20); delay=T: ticks each (2000); rounds=N of SGIs (8).
 */
#include "lib/gic.h"
#include "lib/payload.h"

const char payload_name[] = "timer";

#define SGI_ONE 3
#define SGI_OTHERS 5
#define TIMER_CTL_ENABLE BIT(0)
#define SECONDS_TO_WAIT 5

static volatile unsigned ready, received, finished;

/* Sleeps until *count is `target`. False when that takes much too long. */
static bool wait_for(volatile unsigned *count, unsigned target)
{
    uint64_t end = counter_now() + SECONDS_TO_WAIT * sysreg_read(cntfrq_el0);

    while (*count != target) {
        if (counter_now() > end)
            return false;
        irq_enable();
        __asm__ volatile("yield");
        irq_disable();
    }
    return true;
}

/* One shot of the timer: armed, slept for in WFI, taken. Returns how late it was, in ticks. */
static uint64_t shoot(bool physical, uint64_t delay)
{
    uint32_t intid = physical ? machine.timer_physical : machine.timer_virtual;
    volatile unsigned *count = &this_cpu()->irq_count[intid];
    unsigned before = *count;
    uint64_t deadline;

    isb();
    if (physical) {
        deadline = sysreg_read(cntpct_el0) + delay;
        sysreg_write(cntp_cval_el0, deadline);
        sysreg_write(cntp_ctl_el0, TIMER_CTL_ENABLE);
    } else {
        deadline = sysreg_read(cntvct_el0) + delay;
        sysreg_write(cntv_cval_el0, deadline);
        sysreg_write(cntv_ctl_el0, TIMER_CTL_ENABLE);
    }
    isb();
    while (*count == before) {
        wfi(); /* wakes for a masked interrupt too: none can slip in between test and sleep */
        irq_enable();
        isb();
        irq_disable();
    }
    isb();
    uint64_t now = physical ? sysreg_read(cntpct_el0) : sysreg_read(cntvct_el0);
    check(*count == before + 1, "intid=%u taken %u times for one", intid, *count - before);
    check(now >= deadline, "intid=%u came %lu ticks early", intid, deadline - now);
    return now - deadline;
}

static void test_timer(bool physical)
{
    uint64_t count = arg_number("count", 20), delay = arg_number("delay", 2000), worst = 0;

    gic_enable(physical ? machine.timer_physical : machine.timer_virtual);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t late = shoot(physical, delay);
        worst = late > worst ? late : worst;
    }
    print("cpu=%u %s=%lu worst_late_ticks=%lu", this_cpu()->index,
          physical ? "physical" : "virtual", count, worst);
}

/* Every CPU in its turn sends; each target counts what arrives. */
static void send_to_each(unsigned rounds)
{
    for (unsigned i = 0; i < rounds * cpu_count; i++) {
        struct cpu *target = &cpus[i % cpu_count];
        unsigned before = target->irq_count[SGI_ONE];
        gic_send(gic_sgi_value(SGI_ONE, target->mpidr));
        if (!check(wait_for(&target->irq_count[SGI_ONE], before + 1),
                   "SGI %u from cpu%u to cpu%u: %u instead of %u", SGI_ONE, this_cpu()->index,
                   target->index, target->irq_count[SGI_ONE], before + 1))
            return;
    }
}

static void send_to_others(unsigned rounds)
{
    struct cpu *self = this_cpu();
    unsigned own = self->irq_count[SGI_OTHERS];

    for (unsigned i = 0; i < rounds; i++) {
        unsigned before[MAX_CPUS];
        for (unsigned j = 0; j < cpu_count; j++)
            before[j] = cpus[j].irq_count[SGI_OTHERS];
        gic_send((uint64_t)SGI_OTHERS << 24 | SGI_ALL_OTHERS);
        for (unsigned j = 0; j < cpu_count; j++)
            if (&cpus[j] != self && !check(wait_for(&cpus[j].irq_count[SGI_OTHERS], before[j] + 1),
                                           "SGI to all others did not reach cpu%u", j))
                return;
    }
    check(self->irq_count[SGI_OTHERS] == own, "SGI to all others came back to its sender");
}

static void test_cpu(void)
{
    unsigned rounds = (unsigned)arg_number("rounds", 8), index = this_cpu()->index;

    gic_init_cpu();
    test_timer(false);
    test_timer(true);
    cpu_meet(&ready, cpu_count);
    /* One sender at a time; the others take what comes until it is their turn. */
    check(wait_for(&finished, index), "cpu%u waited in vain for its turn", index);
    send_to_each(rounds);
    send_to_others(rounds);
    finished++;
    check(wait_for(&finished, cpu_count), "cpu%u waited in vain for the others", index);
    __atomic_fetch_add(&received, this_cpu()->irq_count[SGI_ONE] + this_cpu()->irq_count[SGI_OTHERS],
                       __ATOMIC_RELAXED);
}

void payload_run(void)
{
    unsigned rounds = (unsigned)arg_number("rounds", 8);
    unsigned expected = rounds * cpu_count * cpu_count + rounds * cpu_count * (cpu_count - 1);

    gic_init();
    cpu_run_all(test_cpu);
    check(received == expected, "sgis=%u instead of %u", received, expected);
    print("ok cpus=%u sgis=%u", cpu_count, received);
}
