/*
 * Vellum's part of the GIC (irq/gic.h).
 */
#include "irq/gic.h"

#include "irq/irq.h"
#include "lib/io.h"
#include "lib/log.h"
#include "lib/yield.h"

static uint32_t own_spi;

static uint64_t dist(uint64_t offset)
{
    return machine.gicd.start + offset;
}

static void set_bit(uint64_t bank, uint32_t intid, bool value)
{
    uint64_t address = bank + intid / 32 * 4;
    uint32_t bit = UINT32_C(1) << (intid % 32);
    uint32_t old = io_read32(address);

    io_write32(address, value ? old | bit : old & ~bit);
}

static void set_priority(uint64_t bank, uint32_t intid, uint32_t priority)
{
    uint64_t address = bank + (intid & ~UINT32_C(3));
    unsigned shift = intid % 4 * 8;

    io_write32(address, (io_read32(address) & ~(UINT32_C(0xff) << shift)) | priority << shift);
}

/* Group 0, highest priority, enabled. `frame` is the distributor or a redistributor's SGI frame. */
static void own_interrupt(uint64_t frame, uint32_t intid)
{
    set_bit(frame + GICD_IGROUPR, intid, false);
    set_bit(frame + GICD_IGRPMODR, intid, false);
    set_priority(frame + GICD_IPRIORITYR, intid, 0);
    io_write32(frame + GICD_ISENABLER + intid / 32 * 4, UINT32_C(1) << (intid % 32));
}

static void wait_rwp(void)
{
    while (io_read32(dist(GICD_CTLR)) & GICD_CTLR_RWP)
        cpu_yield();
}

/* Finds each CPU's redistributor by the affinity in GICR_TYPER. */
static void find_redistributors(void)
{
    for (unsigned r = 0; r < machine.gicr_count; r++) {
        uint64_t end = machine.gicr[r].start + machine.gicr[r].size;
        uint32_t type = 0;

        for (uint64_t at = machine.gicr[r].start; at < end && !(type & GICR_TYPER_LAST);) {
            uint64_t affinity = io_read32(at + GICR_TYPER + 4);
            struct cpu *cpu = cpu_by_mpidr((affinity & 0xff000000) << 8 | (affinity & 0xffffff));

            type = io_read32(at + GICR_TYPER);
            if (cpu != NULL)
                cpu->gicr = at;
            at += type & BIT(1) ? 4 * 64 * KIB : 2 * 64 * KIB; /* VLPIS: GICv4 has four frames */
        }
    }
}

const char *gic_init(void)
{
    if (!(io_read32(dist(GICD_CTLR)) & GICD_CTLR_DS))
        return "the GIC has two security states (GICD_CTLR.DS = 0): Group 0 is not ours here; "
               "QEMU: -M virt,secure=off";
    find_redistributors();
    for (unsigned i = 0; i < machine.cpu_count; i++) {
        if (cpus[i].gicr == 0)
            return "a CPU of the FDT has no GIC redistributor";
    }
    io_write32(dist(GICD_CTLR), io_read32(dist(GICD_CTLR)) | GICD_CTLR_ARE);
    wait_rwp();
    io_write32(dist(GICD_CTLR), io_read32(dist(GICD_CTLR)) | GICD_CTLR_ENABLE_GRP0);
    wait_rwp();
    return NULL;
}

static void wake_redistributor(uint64_t gicr)
{
    uint64_t waker = gicr + GICR_WAKER;

    io_write32(waker, io_read32(waker) & ~(uint32_t)GICR_WAKER_PROCESSOR_SLEEP);
    while (io_read32(waker) & GICR_WAKER_CHILDREN_ASLEEP)
        cpu_yield();
}

void gic_init_cpu(struct cpu *cpu)
{
    sysreg_write(SYS_ICC_SRE_EL2, ICC_SRE_SRE | ICC_SRE_ENABLE);
    isb();
    sysreg_write(SYS_ICC_SRE_EL1, ICC_SRE_SRE);
    sysreg_write(SYS_ICH_HCR_EL2, 0);
    isb();
    wake_redistributor(cpu->gicr);
    own_interrupt(cpu->gicr + GICR_SGI_FRAME, GIC_VELLUM_SGI);
    /*
     * The guest's ICC_PMR_EL1 and ICC_CTLR_EL1 are the virtual ones (FMO = 1): the physical mask
     * stays open, and end of interrupt drops priority and deactivates in one.
     */
    sysreg_write(SYS_ICC_PMR_EL1, 0xff);
    sysreg_write(SYS_ICC_CTLR_EL1, 0);
    sysreg_write(SYS_ICC_BPR0_EL1, 0);
    sysreg_write(SYS_ICC_IGRPEN0_EL1, 1);
    isb();
}

void gic_route_spi(const struct cpu *cpu)
{
    uint64_t router = dist(GICD_IROUTER + 8 * (uint64_t)own_spi);

    if (own_spi == 0)
        return;
    io_write32(router, (uint32_t)(cpu->mpidr & 0xffffff));
    io_write32(router + 4, (uint32_t)(cpu->mpidr >> 32));
}

void gic_own_spi(uint32_t intid)
{
    own_spi = intid;
    gic_route_spi(cpu_self());
    own_interrupt(dist(0), intid);
}

bool gic_guest_sgi(uint64_t iss, uint64_t value)
{
    bool ours = FIELD(value, 27, 24) == GIC_VELLUM_SGI;

    if (iss == ISS_SYSREG(3, 0, 12, 11, 5)) {
        if (!ours)
            sysreg_write(SYS_ICC_SGI1R_EL1, value);
        return true;
    }
    /* To the other security state, or to Group 0: with one security state the guest has neither. */
    return iss == ISS_SYSREG(3, 0, 12, 11, 6) || iss == ISS_SYSREG(3, 0, 12, 11, 7);
}

void gic_send_sgi(const struct cpu *cpu)
{
    uint64_t mpidr = cpu->mpidr;

    /* ICC_SGI0R_EL1: Aff3, RS, Aff2, INTID, Aff1, target list of 16 in the range RS. */
    sysreg_write(SYS_ICC_SGI0R_EL1, FIELD(mpidr, 39, 32) << 48 | FIELD(mpidr, 7, 4) << 44 |
                                        FIELD(mpidr, 23, 16) << 32 |
                                        (uint64_t)GIC_VELLUM_SGI << 24 | FIELD(mpidr, 15, 8) << 16 |
                                        BIT(FIELD(mpidr, 3, 0)));
    isb();
}

void irq_set_guest_spi(uint32_t intid, bool level)
{
    io_write32(dist(level ? GICD_ISPENDR : GICD_ICPENDR) + intid / 32 * 4, UINT32_C(1)
                                                                               << (intid % 32));
}
