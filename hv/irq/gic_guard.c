/*
 * Keeps the guest's hands off the bits of Vellum's interrupts: accesses to the pages of the GIC
 * that hold them come here. To the guest those interrupts are not implemented (RAZ/WI), and
 * everything else of the page is the GIC's.
 */
#include "irq/gic.h"
#include "lib/guarded.h"
#include "lib/log.h"
#include "mmio/region.h"

/* How a write to the bits of an interrupt is kept from changing them. */
enum kind {
    WRITE_ZERO, /* a 0 changes nothing: set and clear registers */
    WRITE_BACK, /* write what is there */
};

struct bank {
    uint32_t offset;
    uint32_t bits; /* of each interrupt */
    enum kind kind;
};

static const struct bank banks[] = {
    {GICD_IGROUPR, 1, WRITE_BACK},   {GICD_ISENABLER, 1, WRITE_ZERO},
    {GICD_ICENABLER, 1, WRITE_ZERO}, {GICD_ISPENDR, 1, WRITE_ZERO},
    {GICD_ICPENDR, 1, WRITE_ZERO},   {GICD_ISACTIVER, 1, WRITE_ZERO},
    {GICD_ICACTIVER, 1, WRITE_ZERO}, {GICD_IPRIORITYR, 8, WRITE_BACK},
    {GICD_ICFGR, 2, WRITE_BACK},     {GICD_IGRPMODR, 1, WRITE_BACK},
    {GICD_NSACR, 2, WRITE_BACK},     {GICD_INMIR, 1, WRITE_BACK},
    {GICD_IROUTER, 64, WRITE_BACK},
};

static uint32_t guarded_spi;
/* GICD_CTLR.EnableGrp0 as the guest wrote it: nobody but the guest ever sees this bit at work. */
static bool guest_enable_grp0;

/*
 * The bits of `intid` in an access of `bits` bits at `offset` of a frame: a mask within the
 * accessed value, 0 when it has none there; *kind says how to spare them.
 */
static uint64_t bits_of(uint32_t intid, uint64_t offset, unsigned bits, enum kind *kind)
{
    for (unsigned i = 0; i < ARRAY_SIZE(banks); i++) {
        uint64_t first = (uint64_t)banks[i].offset * 8 + (uint64_t)intid * banks[i].bits;
        uint64_t access = offset * 8;
        uint64_t mask;

        if (first + banks[i].bits <= access || access + bits <= first)
            continue;
        *kind = banks[i].kind;
        mask = banks[i].bits == 64 ? ~UINT64_C(0) : BIT(banks[i].bits) - 1;
        return first >= access ? mask << (first - access) : mask >> (access - first);
    }
    return 0;
}

static bool raw_read(struct mmio_access *access)
{
    return guarded_read(access->address, access->size_log2, &access->value);
}

/* An access to a frame in which `intid` is ours. */
static bool spare(struct mmio_access *access, uint64_t frame, uint32_t intid)
{
    enum kind kind = WRITE_ZERO;
    unsigned bits = 8U << access->size_log2;
    uint64_t mine = bits_of(intid, access->address - frame, bits, &kind);
    uint64_t value = access->value;
    bool ok;

    if (!access->write) {
        ok = raw_read(access);
        access->value &= ~mine;
        return ok;
    }
    value &= ~mine;
    if (mine != 0 && kind == WRITE_BACK) {
        uint64_t now;

        guarded_read(access->address, access->size_log2, &now);
        value |= now & mine;
    }
    return guarded_write(access->address, value, access->size_log2);
}

static bool dist_ctlr(struct mmio_access *access)
{
    bool ok;

    if (access->write) {
        guest_enable_grp0 = access->value & GICD_CTLR_ENABLE_GRP0;
        return guarded_write(access->address, access->value | GICD_CTLR_ENABLE_GRP0,
                             access->size_log2);
    }
    ok = raw_read(access);
    if (!guest_enable_grp0)
        access->value &= ~GICD_CTLR_ENABLE_GRP0;
    return ok;
}

/* A write that sets or clears the pending state of the SPI whose number it bears: of ours? */
static bool is_message_for_us(const struct mmio_access *access, uint64_t offset)
{
    return access->write && (access->value & GICD_SPI_INTID) == guarded_spi &&
           (offset == GICD_SETSPI_NSR || offset == GICD_CLRSPI_NSR || offset == GICD_SETSPI_SR ||
            offset == GICD_CLRSPI_SR);
}

static bool dist_model(struct mmio_access *access)
{
    uint64_t offset = access->address - machine.gicd.start;

    if (offset == GICD_CTLR)
        return dist_ctlr(access);
    if (is_message_for_us(access, offset))
        return true;
    return spare(access, machine.gicd.start, guarded_spi);
}

static bool redist_model(struct mmio_access *access)
{
    /* The pages are those of SGI frames: 64K aligned, the guarded registers in the first 4K. */
    return spare(access, ALIGN_DOWN(access->address, 64 * KIB), GIC_VELLUM_SGI);
}

static void guard_page(uint64_t start, uint64_t size, mmio_model *model)
{
    struct region region = {
        .start = start, .end = start + size, .model = model, .exit = EXIT_MMIO_GIC};
    unsigned status = region_add(&region);

    CHECK(status == STATUS_OK);
}

void gic_guard(uint32_t spi)
{
    guarded_spi = spi;
    guard_page(machine.gicd.start, 0x1000, dist_model);
    if (spi != 0)
        guard_page(machine.gicd.start + GICD_IROUTER + 8 * (uint64_t)spi, 8, dist_model);
    for (unsigned i = 0; i < machine.cpu_count; i++)
        guard_page(cpus[i].gicr + GICR_SGI_FRAME, 0x1000, redist_model);
}
