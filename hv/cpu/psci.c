/*
 * The guest's SMCs (cpu/psci.h). Function identifiers: DEN 0022F, 5.1.
 */
#include "cpu/psci.h"

#include <string.h>

#include "dev/vpl011.h"
#include "irq/gic.h"
#include "lib/console.h"
#include "lib/guarded.h"
#include "lib/lock.h"
#include "link/deadline.h"
#include "link/link.h"
#include "rpc/rpc.h"
#include "trap/inject.h"
#include "trap/trap.h"

/* Without bit 30, which tells SMC64 from SMC32. */
enum psci_function {
    PSCI_CPU_SUSPEND = 0x84000001,
    PSCI_CPU_OFF = 0x84000002,
    PSCI_CPU_ON = 0x84000003,
    PSCI_SYSTEM_OFF = 0x84000008,
    PSCI_SYSTEM_RESET = 0x84000009,
    PSCI_SYSTEM_SUSPEND = 0x8400000e,
    PSCI_SYSTEM_RESET2 = 0x84000012,
};
#define SMC64 BIT(30)

/* How long a guest that wants to stop waits for a host that may be gone, microseconds. */
#define HOST_PATIENCE 10000000

static struct lock start_lock;
static uint64_t guest_vbar;

uint64_t psci_guest_vbar(void)
{
    return guest_vbar;
}

/* Passes the guest's registers to the firmware, and back. False: there is no SMC here. */
static bool relay(struct trap_frame *frame)
{
    return guarded_smc(frame->x);
}

/* CPU_ON: the core starts in Vellum, and from there at the guest's entry. */
static bool cpu_on(struct trap_frame *frame)
{
    struct cpu *cpu = cpu_by_mpidr(frame->x[1]);
    bool ok;

    if (cpu == NULL)
        return relay(frame);
    lock_take(&start_lock);
    if (__atomic_load_n(&cpu->state, __ATOMIC_ACQUIRE) != CPU_STATE_ON) {
        cpu->entry = frame->x[2];
        cpu->context = frame->x[3];
    }
    frame->x[2] = (uint64_t)secondary_entry;
    frame->x[3] = (uint64_t)cpu;
    ok = relay(frame);
    lock_drop(&start_lock);
    return ok;
}

/*
 * CPU_SUSPEND and SYSTEM_SUSPEND: on waking from power-down the core comes back through Vellum,
 * at the guest's resume address. From standby, or when refused, the call returns.
 */
static bool suspend(struct cpu *cpu, struct trap_frame *frame, unsigned entry_register)
{
    uint64_t entry = frame->x[entry_register], context = frame->x[entry_register + 1];
    bool ok;

    trace_flush(&cpu->trace, 0);
    vpl011_flush(); /* its alarm may not survive */
    cpu->entry = entry;
    cpu->context = context;
    frame->x[entry_register] = (uint64_t)secondary_entry;
    frame->x[entry_register + 1] = (uint64_t)cpu;
    ok = relay(frame);
    frame->x[entry_register] = entry;
    frame->x[entry_register + 1] = context;
    return ok;
}

/* The link's interrupt must not follow a CPU into the dark. */
static void give_link_away(const struct cpu *leaving)
{
    for (unsigned i = 0; i < machine.cpu_count; i++) {
        if (&cpus[i] != leaving &&
            __atomic_load_n(&cpus[i].state, __ATOMIC_ACQUIRE) == CPU_STATE_ON) {
            gic_route_spi(&cpus[i]);
            return;
        }
    }
}

static bool cpu_off(struct cpu *cpu, struct trap_frame *frame)
{
    bool ok;

    trace_flush(&cpu->trace, TRACE_FLUSH_PATIENCE);
    vpl011_flush(); /* its alarm goes off with the CPU */
    give_link_away(cpu);
    __atomic_store_n(&cpu->state, CPU_STATE_OFF, __ATOMIC_RELEASE);
    ok = relay(frame);
    cpu_set_on(cpu); /* refused: still here */
    return ok;
}

void machine_stop(bool reset)
{
    uint64_t x[18] = {reset ? PSCI_SYSTEM_RESET : PSCI_SYSTEM_OFF};

    guarded_smc(x);
    console_line("the firmware did not turn the machine off (PSCI)");
    park();
}

/* SYSTEM_OFF and SYSTEM_RESET: everything is sent, then the host has its say. */
static _Noreturn void system_stop(bool reset)
{
    uint64_t deadline;

    cpu_ask_all();
    deadline = deadline_after(HOST_PATIENCE);
    rpc_event_guest_stop(reset ? STOP_REASON_SYSTEM_RESET : STOP_REASON_SYSTEM_OFF,
                         cpu_self()->index, sysreg_read(cntvct_el0));
    while (!deadline_passed(deadline))
        link_receive(); /* machine_off and machine_reset do not come back */
    machine_stop(reset);
}

static bool psci_call(struct cpu *cpu, struct trap_frame *frame)
{
    guest_vbar = sysreg_read(vbar_el12);
    switch ((uint32_t)frame->x[0] & ~SMC64) {
    case PSCI_CPU_ON:
        return cpu_on(frame);
    case PSCI_CPU_OFF:
        return cpu_off(cpu, frame);
    case PSCI_CPU_SUSPEND:
        return suspend(cpu, frame, 2);
    case PSCI_SYSTEM_SUSPEND:
        return suspend(cpu, frame, 1);
    case PSCI_SYSTEM_OFF:
        system_stop(false);
    case PSCI_SYSTEM_RESET:
    case PSCI_SYSTEM_RESET2:
        system_stop(true);
    default:
        return relay(frame);
    }
}

void psci_guest_smc(struct cpu *cpu, struct trap_frame *frame)
{
    /* Owner: standard secure service; function numbers of PSCI: 0 to 31. */
    bool psci = ((uint32_t)frame->x[0] & ~SMC64 & ~UINT64_C(0x1f)) == 0x84000000;

    cpu->exits[psci ? EXIT_PSCI : EXIT_SMC]++;
    /* A trapped SMC leaves ELR_EL2 at the instruction itself (DDI 0487, HCR_EL2.TSC). */
    if (!(psci ? psci_call(cpu, frame) : relay(frame))) {
        inject_undefined(frame);
        return;
    }
    trap_skip_instruction(frame);
}
