/* PSCI calls; see psci.h. SMC64 function ids where there are two. */
#include "lib/psci.h"

#include "lib/machine.h"
#include "lib/smccc.h"

#define PSCI_VERSION 0x84000000
#define PSCI_CPU_OFF 0x84000002
#define PSCI_CPU_ON 0xc4000003
#define PSCI_AFFINITY_INFO 0xc4000004
#define PSCI_SYSTEM_OFF 0x84000008
#define PSCI_SYSTEM_RESET 0x84000009
#define PSCI_FEATURES 0x8400000a

static int64_t call(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3)
{
    if (machine.psci_is_smc)
        return (int64_t)SMCCC_CALL("smc", function, a1, a2, a3).x0;
    return (int64_t)SMCCC_CALL("hvc", function, a1, a2, a3).x0;
}

/* PSCI's results are 32 bits wide: a negative one may come with its high half clear. */
static int64_t call32(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3)
{
    return (int32_t)call(function, a1, a2, a3);
}

int64_t psci_call(uint64_t function)
{
    return call32(function, 0, 0, 0);
}

uint32_t psci_version(void)
{
    return (uint32_t)call(PSCI_VERSION, 0, 0, 0);
}

int64_t psci_features(uint32_t function)
{
    return call32(PSCI_FEATURES, function, 0, 0);
}

int64_t psci_cpu_on(uint64_t mpidr, uint64_t entry, uint64_t context)
{
    return call32(PSCI_CPU_ON, mpidr, entry, context);
}

int64_t psci_cpu_off(void)
{
    return call32(PSCI_CPU_OFF, 0, 0, 0);
}

int64_t psci_affinity_info(uint64_t mpidr)
{
    return call32(PSCI_AFFINITY_INFO, mpidr, 0, 0);
}

void psci_system_off(void)
{
    call(PSCI_SYSTEM_OFF, 0, 0, 0);
}

void psci_system_reset(void)
{
    call(PSCI_SYSTEM_RESET, 0, 0, 0);
}
