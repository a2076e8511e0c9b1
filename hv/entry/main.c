/*
 * Vellum from the top of RAM on: a list of what is set up, in order, then the guest.
 */
#include <libfdt.h>

#include "cpu/cpu.h"
#include "cpu/psci.h"
#include "dev/vpl011.h"
#include "entry/layout.h"
#include "irq/fiq.h"
#include "irq/gic.h"
#include "lib/console.h"
#include "lib/log.h"
#include "link/link.h"
#include "mem/pool.h"
#include "mem/stage1.h"
#include "mem/stage2.h"
#include "mmio/region.h"
#include "rpc/rpc.h"

_Noreturn void main(void);
_Noreturn void main_secondary(struct cpu *cpu);

/* E2H first: the names and layouts of half of EL2's registers depend on it. */
static void enter_vhe(void)
{
    sysreg_write(hcr_el2, HCR_E2H | HCR_RW);
    isb();
}

/* The boot CPU's entry of cpus[]; the FDT may list it anywhere. */
static struct cpu *boot_cpu(void)
{
    struct cpu *cpu = cpu_by_mpidr(sysreg_read(mpidr_el1));

    if (cpu == NULL)
        cannot_start("the boot CPU (MPIDR %#lx) is not in the FDT",
                     (unsigned long)sysreg_read(mpidr_el1));
    return cpu;
}

/* The device of the link is Vellum's: reads as zero to the guest, or is a PL011 of our making. */
static bool absent_device(struct mmio_access *access)
{
    if (!access->write)
        access->value = 0;
    return true;
}

static void hide_link(void)
{
    const struct mmio_device *device = link_device();
    struct region region = {.start = device->base,
                            .end = device->base + device->size,
                            .model = link_is_pl011() ? vpl011_access : absent_device,
                            .exit = EXIT_MMIO_EMULATED};

    if (link_is_pl011())
        vpl011_init(device->base, machine.free_spi);
    gic_guard(device->intid);
    CHECK(region_add(&region) == STATUS_OK);
}

/* Nothing is there for the guest: it gets an external abort. */
static bool nobody(struct mmio_access *access)
{
    (void)access;
    return false;
}

/* Stage 2 stops the guest's accesses to Vellum's memory; this keeps us from performing them. */
static void hide_memory(void)
{
    struct region region = {.start = vellum_range.start,
                            .end = vellum_range.start + vellum_range.size,
                            .model = nobody,
                            .exit = EXIT_MMIO_ABORTED};

    CHECK(region_add(&region) == STATUS_OK);
}

/* Calls of the host, until one of them starts the guest. */
static void wait_for_start(struct cpu *cpu)
{
    struct guest_start_call start;

    rpc_event_ready();
    while (!rpc_take_start(&start)) {
        uint32_t intid;

        /* Wakes although PSTATE.F is masked; the interrupt stays pending until acknowledged. */
        __asm__ volatile("wfi");
        intid = fiq_acknowledge();
        link_interrupt();
        if (intid < 1020)
            fiq_end(intid);
    }
    cpu->entry = start.entry;
    cpu->context = start.x0;
}

void main(void)
{
    const char *problem;
    struct cpu *cpu;

    machine.fdt.pa = vellum_range.start + (uint64_t)(image_end - image_start);
    pool_init(machine.fdt.pa + ALIGN_UP(machine.fdt_size, 16 * KIB),
              vellum_range.start + vellum_range.size);
    enter_vhe();
    stage1_build();
    cpu_init_all();
    stage1_enable();

    cpu = boot_cpu();
    sysreg_write(tpidr_el2, cpu);
    problem = gic_init();
    if (problem != NULL)
        cannot_start("%s", problem);
    gic_init_cpu(cpu);
    if (!link_init(&machine))
        cannot_start("no link: neither a virtio-console port named vellum nor a PL011");
    gic_own_spi(link_device()->intid);
    hide_link();
    hide_memory();
    fdt_pack((void *)machine.fdt.pa);
    machine.fdt_size = fdt_totalsize((void *)machine.fdt.pa);

    wait_for_start(cpu);
    stage2_build();
    cpu_setup_el2(cpu);
    rpc_start_reply(sysreg_read(cntvct_el0));
    cpu_enter_guest(cpu);
}

void main_secondary(struct cpu *cpu)
{
    enter_vhe();
    stage1_enable();
    cpu_setup_el2(cpu);
    cpu_enter_guest(cpu);
}
