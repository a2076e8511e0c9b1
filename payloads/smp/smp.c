/*
 * Starts every CPU by PSCI, one after the other and then all at once, and sees them off again.
 * rounds=N: how often each of the two is done (2).
 */
#include "lib/payload.h"
#include "lib/psci.h"

const char payload_name[] = "smp";

#define CPU_ON 0xc4000003
#define NO_SUCH_MPIDR UINT64_C(0x7f00ffffff)
#define NO_SUCH_FUNCTION 0x840000ff

static volatile unsigned here;
static volatile unsigned met[MAX_CPUS]; /* one barrier a round */
static unsigned round;

static void say_hello(void)
{
    print("cpu=%u mpidr=0x%lx here", this_cpu()->index, this_cpu()->mpidr);
    __atomic_fetch_add(&here, 1, __ATOMIC_RELAXED);
}

static void meet_all(void)
{
    cpu_meet(&met[round], cpu_count);
    __atomic_fetch_add(&here, 1, __ATOMIC_RELAXED);
}

static void one_by_one(void)
{
    here = 0;
    for (unsigned i = 0; i < cpu_count; i++) {
        if (&cpus[i] == this_cpu())
            continue;
        int64_t info = psci_affinity_info(cpus[i].mpidr);
        check(info == PSCI_AFFINITY_OFF, "AFFINITY_INFO of cpu%u before CPU_ON: %ld", i, info);
        int64_t status = cpu_start(i, say_hello);
        if (check(status == PSCI_SUCCESS, "CPU_ON of cpu%u: %ld", i, status))
            cpu_wait(i);
    }
    check(here == cpu_count - 1, "%u of %u CPUs came", here, cpu_count - 1);
}

static void wrong_calls(void)
{
    int64_t status = psci_affinity_info(this_cpu()->mpidr);

    check(status == PSCI_AFFINITY_ON, "AFFINITY_INFO of the caller: %ld", status);
    status = psci_cpu_on(this_cpu()->mpidr, (uint64_t)image, 0);
    check(status == PSCI_ALREADY_ON, "CPU_ON of the caller: %ld", status);
    status = psci_cpu_on(NO_SUCH_MPIDR, (uint64_t)image, 0);
    check(status == PSCI_INVALID_PARAMETERS, "CPU_ON of no CPU: %ld", status);
    status = psci_call(NO_SUCH_FUNCTION);
    check(status == PSCI_NOT_SUPPORTED, "unknown PSCI function: %ld", status);
}

void payload_run(void)
{
    unsigned rounds = (unsigned)arg_number("rounds", 2);

    print("psci=0x%x cpus=%u", psci_version(), cpu_count);
    check(psci_features(CPU_ON) == PSCI_SUCCESS, "PSCI_FEATURES of CPU_ON: %ld",
          psci_features(CPU_ON));
    wrong_calls();
    for (unsigned i = 0; i < rounds; i++)
        one_by_one();
    for (round = 0; round < rounds && round < MAX_CPUS; round++) {
        here = 0;
        cpu_run_all(meet_all);
        check(here == cpu_count, "all at once: %u of %u CPUs came", here, cpu_count);
    }
    print("ok cpus=%u rounds=%u", cpu_count, rounds);
}
