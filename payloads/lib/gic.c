/*
 * GICv3 driver of the payloads; see gic.h. Writes only what it needs, the way that an operating
 * system does it, and waits for RWP where the architecture asks for it.
 */
#include "lib/gic.h"

#include "lib/io.h"
#include "lib/payload.h"

#define GICR_TYPER_VLPIS BIT(1)
#define GICR_TYPER_LAST BIT(4)
#define GICR_CTLR 0x0
#define GICR_CTLR_RWP BIT(3)
#define GICR_WAKER_PROCESSOR_SLEEP BIT(1)
#define GICR_WAKER_CHILDREN_ASLEEP BIT(2)
#define FRAMES_SIZE 0x20000
#define FRAMES_SIZE_VLPIS 0x40000

#define PRIORITY_DEFAULT 0xa0a0a0a0u
#define PMR_ALL 0xf0
#define TIMER_CTL_ENABLE BIT(0)
#define TIMER_CTL_MASK BIT(1)

/* The one SPI that is wanted; INTID 0 is an SGI, so none as long as that. */
static struct {
    uint32_t intid;
    void (*take)(void);
} spi;

void gic_init(void)
{
    io_write32(machine.gicd.start + GICD_CTLR, GICD_CTLR_ARE | GICD_CTLR_ENABLE_GROUP1);
    while (io_read32(machine.gicd.start + GICD_CTLR) & GICD_CTLR_RWP)
        ;
}

static uint64_t find_redistributor(uint64_t mpidr)
{
    uint64_t affinity = (mpidr >> 32 & 0xff) << 24 | (mpidr & 0xffffff);

    for (unsigned i = 0; i < machine.gicr_count; i++) {
        uint64_t base = machine.gicr[i].start, end = base + machine.gicr[i].size, typer;
        do {
            typer = io_read64(base + GICR_TYPER);
            if (typer >> 32 == affinity)
                return base;
            base += typer & GICR_TYPER_VLPIS ? FRAMES_SIZE_VLPIS : FRAMES_SIZE;
        } while (!(typer & GICR_TYPER_LAST) && base < end);
    }
    die("no redistributor for mpidr 0x%lx", mpidr);
}

static void init_redistributor(uint64_t base)
{
    io_write32(base + GICR_WAKER, io_read32(base + GICR_WAKER) & ~GICR_WAKER_PROCESSOR_SLEEP);
    while (io_read32(base + GICR_WAKER) & GICR_WAKER_CHILDREN_ASLEEP)
        ;
    io_write32(base + GICR_ICENABLER0, 0xffffffff);
    io_write32(base + GICR_ICPENDR0, 0xffffffff);
    io_write32(base + GICR_IGROUPR0, 0xffffffff);
    for (unsigned i = 0; i < 32; i += 4)
        io_write32(base + GICR_IPRIORITYR + i, PRIORITY_DEFAULT);
    io_write32(base + GICR_ISENABLER0, BIT(GIC_SGI_COUNT) - 1);
    while (io_read32(base + GICR_CTLR) & GICR_CTLR_RWP)
        ;
}

void gic_init_cpu(void)
{
    struct cpu *cpu = this_cpu();

    if (cpu->redistributor == 0)
        cpu->redistributor = find_redistributor(cpu->mpidr);
    init_redistributor(cpu->redistributor);
    sysreg_write(ICC_SRE_EL1, 7);
    isb();
    sysreg_write(ICC_PMR_EL1, PMR_ALL);
    sysreg_write(ICC_BPR1_EL1, 0);
    sysreg_write(ICC_CTLR_EL1, 0);
    sysreg_write(ICC_IGRPEN1_EL1, 1);
    isb();
}

void gic_enable(uint32_t intid)
{
    uint64_t base = this_cpu()->redistributor;

    io_write32(base + GICR_ISENABLER0, (uint32_t)BIT(intid));
    while (io_read32(base + GICR_CTLR) & GICR_CTLR_RWP)
        ;
}

void gic_enable_spi(uint32_t intid, void (*take)(void))
{
    uint64_t base = machine.gicd.start, group = base + GICD_IGROUPR + intid / 32 * 4;

    spi.intid = intid;
    spi.take = take;
    io_write32(group, io_read32(group) | (uint32_t)BIT(intid % 32));
    io_write8(base + GICD_IPRIORITYR + intid, (uint8_t)PRIORITY_DEFAULT);
    io_write64(base + GICD_IROUTER + 8 * (uint64_t)intid, this_cpu()->mpidr);
    io_write32(base + GICD_ISENABLER + intid / 32 * 4, (uint32_t)BIT(intid % 32));
    while (io_read32(base + GICD_CTLR) & GICD_CTLR_RWP)
        ;
}

uint64_t gic_sgi_value(uint32_t intid, uint64_t mpidr)
{
    uint64_t aff0 = mpidr & 0xff, aff1 = mpidr >> 8 & 0xff, aff2 = mpidr >> 16 & 0xff,
             aff3 = mpidr >> 32 & 0xff;

    /* TargetList names 16 CPUs, RS (bits 47..44) says which 16 of Aff0's 256. */
    return aff3 << 48 | (aff0 >> 4) << 44 | aff2 << 32 | (uint64_t)intid << 24 | aff1 << 16 |
           BIT(aff0 & 0xf);
}

void gic_send(uint64_t sgi_value)
{
    dsb(); /* what we wrote is there for who takes the interrupt */
    sysreg_write(ICC_SGI1R_EL1, sgi_value);
    isb();
}

uint32_t gic_acknowledge(void)
{
    uint32_t intid = (uint32_t)sysreg_read(ICC_IAR1_EL1);
    dsb(); /* pairs with gic_send */
    return intid;
}

void gic_end(uint32_t intid)
{
    sysreg_write(ICC_EOIR1_EL1, intid);
    isb();
}

void gic_take(void)
{
    uint32_t intid = gic_acknowledge();

    if (intid == GIC_SPURIOUS)
        return;
    if (intid == spi.intid && spi.take != NULL) {
        spi.take();
        gic_end(intid);
        return;
    }
    if (intid >= 32)
        die("interrupt %u, which nobody asked for", intid);
    if (intid == machine.timer_virtual)
        sysreg_write(cntv_ctl_el0, TIMER_CTL_ENABLE | TIMER_CTL_MASK);
    if (intid == machine.timer_physical)
        sysreg_write(cntp_ctl_el0, TIMER_CTL_ENABLE | TIMER_CTL_MASK);
    this_cpu()->irq_count[intid]++;
    gic_end(intid);
}
