/*
 * A guest that wants all of the GIC: Group 0, SGI 15 and PPI 26, which a hypervisor may keep for
 * itself. A bit may then read as zero or hold the guest's own value; what must hold, bare and under
 * Vellum: no other bit is lost, no FIQ arrives, and the guest's own interrupts go on working.
 */
#include "lib/gic.h"
#include "lib/io.h"
#include "lib/payload.h"

const char payload_name[] = "gic";

#define KEPT_SGI 15
#define KEPT_PPI 26
#define MAY_BE_KEPT (BIT(KEPT_SGI) | BIT(KEPT_PPI))
#define OWN_SGI 2
#define TIMER_DELAY 1000
#define TIMER_CTL_ENABLE BIT(0)
#define SECONDS_TO_WAIT 2

/* Takes interrupts until `intid` has been taken `target` times, or too long. */
static bool wait_for(uint32_t intid, unsigned target)
{
    struct cpu *cpu = this_cpu();
    uint64_t end = counter_now() + SECONDS_TO_WAIT * sysreg_read(cntfrq_el0);

    while (cpu->irq_count[intid] < target && counter_now() < end) {
        irq_enable();
        __asm__ volatile("yield");
        irq_disable();
    }
    return cpu->irq_count[intid] == target;
}

/* The guest's own interrupts: an SGI to itself, the virtual timer. `when` names what came before. */
static void interrupts_work(const char *when)
{
    struct cpu *cpu = this_cpu();
    unsigned sgis = cpu->irq_count[OWN_SGI], ticks = cpu->irq_count[machine.timer_virtual];

    gic_send(gic_sgi_value(OWN_SGI, cpu->mpidr));
    check(wait_for(OWN_SGI, sgis + 1), "cpu=%u %s: SGI %u taken %u times for one", cpu->index, when,
          OWN_SGI, cpu->irq_count[OWN_SGI] - sgis);
    sysreg_write(cntv_cval_el0, counter_now() + TIMER_DELAY);
    sysreg_write(cntv_ctl_el0, TIMER_CTL_ENABLE);
    isb();
    check(wait_for(machine.timer_virtual, ticks + 1), "cpu=%u %s: timer taken %u times for one",
          cpu->index, when, cpu->irq_count[machine.timer_virtual] - ticks);
}

/* Writes a bank of 32 bits; every bit that nobody may keep must read as it should. */
static void expect_bank(const char *name, uint64_t offset, uint32_t value, uint32_t expected,
                        uint32_t free_bits)
{
    uint64_t base = this_cpu()->redistributor;

    io_write32(base + offset, value);
    uint32_t back = io_read32(base + offset);
    check(((back ^ expected) & free_bits & ~MAY_BE_KEPT) == 0,
          "cpu=%u %s: wrote 0x%x, reads 0x%x, expected 0x%x", this_cpu()->index, name, value, back,
          expected);
}

static void test_groups(void)
{
    uint64_t base = this_cpu()->redistributor;

    expect_bank("IGROUPR0", GICR_IGROUPR0, 0xffffffff, 0xffffffff, 0xffffffff);
    interrupts_work("IGROUPR0 = ~0");
    /* These two alone to Group 0; then by bytes, where the rest of the word must stay. */
    expect_bank("IGROUPR0", GICR_IGROUPR0, (uint32_t)~MAY_BE_KEPT, (uint32_t)~MAY_BE_KEPT,
                0xffffffff);
    interrupts_work("IGROUPR0 without the kept ones");
    io_write32(base + GICR_IGROUPR0, 0xffffffff);
    interrupts_work("IGROUPR0 back");
}

static void test_enables(void)
{
    uint64_t base = this_cpu()->redistributor;
    uint32_t enabled = io_read32(base + GICR_ISENABLER0);

    /* Only SGIs: the lines of other PPIs are not ours to open. */
    expect_bank("ICENABLER0", GICR_ICENABLER0, MAY_BE_KEPT, enabled & ~(uint32_t)MAY_BE_KEPT,
                0xffffffff);
    interrupts_work("the kept ones disabled");
    expect_bank("ICENABLER0", GICR_ICENABLER0, 0xffffffff, 0, 0xffffffff);
    expect_bank("ISENABLER0", GICR_ISENABLER0, enabled, enabled, 0xffffffff);
    interrupts_work("all disabled and enabled again");
    expect_bank("ISPENDR0", GICR_ICPENDR0, MAY_BE_KEPT, 0, 0xffff);
    interrupts_work("pending state of the kept ones cleared");
}

/* Priorities, by words and by bytes. */
static void test_priorities(void)
{
    uint64_t base = this_cpu()->redistributor;

    for (uint32_t intid = 0; intid < 32; intid += 4)
        io_write32(base + GICR_IPRIORITYR + intid, 0xf0f0f0f0);
    for (uint32_t intid = 0; intid < 32; intid++)
        io_write8(base + GICR_IPRIORITYR + intid, 0xa0);
    for (uint32_t intid = 0; intid < 32; intid++) {
        uint8_t back = io_read8(base + GICR_IPRIORITYR + intid);
        check(back == 0xa0 || (MAY_BE_KEPT & BIT(intid)), "cpu=%u priority of %u is 0x%x",
              this_cpu()->index, intid, back);
    }
    interrupts_work("priorities");
}

/* Nothing of Group 0 is for the guest: there is nothing to acknowledge, and an SGI 15 is dropped. */
static void test_group0_interface(void)
{
    struct cpu *cpu = this_cpu();
    uint64_t sgi15 = gic_sgi_value(KEPT_SGI, cpu->mpidr);

    uint64_t acknowledged = sysreg_read(ICC_IAR0_EL1);
    check(acknowledged == GIC_SPURIOUS, "cpu=%u ICC_IAR0_EL1 gave %lu", cpu->index, acknowledged);
    sysreg_write(ICC_IGRPEN0_EL1, 0);
    isb();
    interrupts_work("ICC_IGRPEN0_EL1 = 0");
    gic_send(sgi15);
    gic_send((uint64_t)KEPT_SGI << 24 | SGI_ALL_OTHERS);
    sysreg_write(ICC_SGI0R_EL1, sgi15);
    isb();
    interrupts_work("SGI 15 sent");
    check(cpu->irq_count[KEPT_PPI] == 0, "cpu=%u PPI %u came", cpu->index, KEPT_PPI);
}

/* The distributor's enables; the boot CPU alone. What Linux does at start, and more. */
static void test_distributor(void)
{
    uint64_t ctlr = machine.gicd.start + GICD_CTLR;
    uint32_t before = io_read32(ctlr);

    io_write32(ctlr, 0);
    while (io_read32(ctlr) & GICD_CTLR_RWP)
        ;
    uint32_t off = io_read32(ctlr);
    check(!(off & GICD_CTLR_ENABLE_GROUP1), "GICD_CTLR = 0 reads 0x%x", off);
    io_write32(ctlr, GICD_CTLR_ARE | GICD_CTLR_ENABLE_GROUP1 | GICD_CTLR_ENABLE_GROUP0);
    while (io_read32(ctlr) & GICD_CTLR_RWP)
        ;
    interrupts_work("EnableGrp0 set");
    io_write32(ctlr, GICD_CTLR_ARE | GICD_CTLR_ENABLE_GROUP1);
    while (io_read32(ctlr) & GICD_CTLR_RWP)
        ;
    uint32_t on = io_read32(ctlr);
    check((on & GICD_CTLR_ENABLE_GROUP1) && (on & GICD_CTLR_ARE), "GICD_CTLR reads 0x%x", on);
    print("gicd_ctlr before=0x%x off=0x%x on=0x%x typer=0x%x", before, off, on,
          io_read32(machine.gicd.start + 4));
    interrupts_work("GICD_CTLR off and on");
}

static void test_cpu(void)
{
    gic_init_cpu();
    gic_enable(machine.timer_virtual);
    interrupts_work("start");
    test_groups();
    test_enables();
    test_priorities();
    test_group0_interface();
}

void payload_run(void)
{
    gic_init();
    cpu_run_all(test_cpu);
    test_distributor();
    print("igroupr0=0x%x isenabler0=0x%x", io_read32(this_cpu()->redistributor + GICR_IGROUPR0),
          io_read32(this_cpu()->redistributor + GICR_ISENABLER0));
    print("ok cpus=%u", cpu_count);
}
