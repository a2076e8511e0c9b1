/*
 * Interrupts without an exit: both EL1 timers on every CPU, then SGIs from every CPU to every CPU,
 * one target at a time and to all others at once.
 * count=N: interrupts of each timer (20); delay=T: ticks each (2000); rounds=N of SGIs (8).
 */
#include "lib/gic.h"
#include "lib/payload.h"

const char payload_name[] = "timer";

/* Whose turn it is sends ONE to each CPU and OTHERS to all others; who took one answers by REPLY. */
#define SGI_ONE 3
#define SGI_OTHERS 5
#define SGI_REPLY 6
#define SGI_TURN 7
#define TIMER_CTL_ENABLE BIT(0)
#define SECONDS_TO_WAIT 5

static volatile unsigned ready, turn, received;

/* Sleeps until an interrupt comes, and takes it: a masked one wakes WFI, so none slips by. */
static void take_interrupt(void)
{
    wfi();
    irq_enable();
    isb();
    irq_disable();
}

/* Takes interrupts until the condition holds; false when that takes much too long. */
#define WAIT_UNTIL(condition)                                                                      \
    ({                                                                                             \
        uint64_t end_ = counter_now() + SECONDS_TO_WAIT * sysreg_read(cntfrq_el0);                 \
        sysreg_write(cntv_cval_el0, end_);                                                         \
        sysreg_write(cntv_ctl_el0, TIMER_CTL_ENABLE);                                              \
        isb();                                                                                     \
        while (!(condition) && counter_now() < end_)                                               \
            take_interrupt();                                                                      \
        sysreg_write(cntv_ctl_el0, 0);                                                             \
        (condition);                                                                               \
    })

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
    while (*count == before)
        take_interrupt();
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

static void send_to_each(unsigned rounds)
{
    for (unsigned i = 0; i < rounds * cpu_count; i++) {
        struct cpu *target = &cpus[i % cpu_count];
        unsigned before = target->irq_count[SGI_ONE];
        gic_send(gic_sgi_value(SGI_ONE, target->mpidr));
        check(WAIT_UNTIL(target->irq_count[SGI_ONE] == before + 1),
              "SGI from cpu%u to cpu%u: taken %u times for one", this_cpu()->index, target->index,
              target->irq_count[SGI_ONE] - before);
    }
}

static bool others_have(const unsigned before[])
{
    for (unsigned i = 0; i < cpu_count; i++)
        if (&cpus[i] != this_cpu() && cpus[i].irq_count[SGI_OTHERS] != before[i] + 1)
            return false;
    return true;
}

static void send_to_others(unsigned rounds)
{
    unsigned own = this_cpu()->irq_count[SGI_OTHERS], index = this_cpu()->index;

    for (unsigned i = 0; i < rounds; i++) {
        unsigned before[MAX_CPUS];
        for (unsigned j = 0; j < cpu_count; j++)
            before[j] = cpus[j].irq_count[SGI_OTHERS];
        gic_send((uint64_t)SGI_OTHERS << 24 | SGI_ALL_OTHERS);
        check(WAIT_UNTIL(others_have(before)), "SGI to all others of cpu%u went astray", index);
    }
    check(this_cpu()->irq_count[SGI_OTHERS] == own, "SGI to all others came back to cpu%u", index);
}

/* Takes interrupts and answers until it is this CPU's turn, or, where it had its turn, the end. */
static void serve_until(unsigned until)
{
    struct cpu *self = this_cpu();
    unsigned answered = 0, seen;

    if (!WAIT_UNTIL(({
            seen = self->irq_count[SGI_ONE] + self->irq_count[SGI_OTHERS];
            if (seen != answered && turn < cpu_count && turn != self->index)
                gic_send(gic_sgi_value(SGI_REPLY, cpus[turn].mpidr));
            answered = seen;
            turn >= until;
        })))
        die("cpu%u waited in vain for turn %u: it is %u", self->index, until, turn);
}

static void pass_turn(void)
{
    turn++;
    if (turn < cpu_count)
        gic_send(gic_sgi_value(SGI_TURN, cpus[turn].mpidr));
    else
        gic_send((uint64_t)SGI_TURN << 24 | SGI_ALL_OTHERS);
}

static void test_cpu(void)
{
    unsigned rounds = (unsigned)arg_number("rounds", 8);

    gic_init_cpu();
    test_timer(false);
    test_timer(true);
    cpu_meet(&ready, cpu_count);
    serve_until(this_cpu()->index);
    send_to_each(rounds);
    send_to_others(rounds);
    pass_turn();
    serve_until(cpu_count);
    __atomic_fetch_add(&received,
                       this_cpu()->irq_count[SGI_ONE] + this_cpu()->irq_count[SGI_OTHERS],
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
