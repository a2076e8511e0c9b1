/* The smallest guest: says where it is and turns the machine off. */
#include "lib/payload.h"
#include "lib/psci.h"

const char payload_name[] = "hello";

void payload_run(void)
{
    print("ok level=%u cpus=%u psci=0x%x conduit=%s mpidr=0x%lx counter_hz=%lu", start_level,
          cpu_count, psci_version(), machine.psci_is_smc ? "smc" : "hvc", this_cpu()->mpidr,
          sysreg_read(cntfrq_el0));
    print("bootargs %s", machine.bootargs == NULL ? "" : machine.bootargs);
}
