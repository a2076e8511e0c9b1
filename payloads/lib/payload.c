/* A run from the boot CPU's first line of C to power off; what a payload says on the way. */
#include "lib/payload.h"

#include <stdarg.h>

#include "lib/print.h"
#include "lib/psci.h"

unsigned start_level;
static unsigned failures;

void payload_boot(const void *fdt, unsigned level);

void print(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print_line(payload_name, "", format, &args);
    va_end(args);
}

bool check(bool good, const char *format, ...)
{
    va_list args;

    if (good)
        return true;
    __atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED);
    va_start(args, format);
    print_line(payload_name, "FAILED ", format, &args);
    va_end(args);
    return false;
}

/* Does not come back, except where PSCI does. */
static _Noreturn void end(void)
{
    print("done failures=%u", failures);
    if (arg_is("end", "reset"))
        psci_system_reset();
    else
        psci_system_off();
    for (;;)
        wfi();
}

void die(const char *format, ...)
{
    va_list args;

    __atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED);
    va_start(args, format);
    print_line(payload_name, "FAILED ", format, &args);
    va_end(args);
    end();
}

static struct cpu *find_boot_cpu(void)
{
    uint64_t mpidr = sysreg_read(mpidr_el1) & MPIDR_AFFINITY;

    for (unsigned i = 0; i < cpu_count; i++)
        if (cpus[i].mpidr == mpidr)
            return &cpus[i];
    return NULL;
}

void payload_boot(const void *fdt, unsigned level)
{
    start_level = level;
    const char *problem = machine_read(fdt);
    sysreg_write(tpidr_el1, find_boot_cpu());
    if (machine.pl011 != 0)
        console_init();
    if (problem != NULL)
        die("FDT: %s", problem);
    if (this_cpu() == NULL)
        die("FDT: does not list the boot CPU");
    if (level == 2)
        print("started at EL2, dropped to EL1");
    payload_run();
    end();
}
