/*
 * The guard of the GIC over a model of GICv3's registers (IHI 0069, 12.8 to 12.11, one security
 * state): whatever a guest writes, Vellum's interrupts stay as they are, and everything else is as
 * if it had written to the GIC itself.
 */
#include "irq/gic.h"

#include <string.h>

#include "lib/guarded.h"
#include "test.h"

#define GICD UINT64_C(0x08000000)
#define GICR UINT64_C(0x080a0000)
#define CPUS 2
#define SGI 15
#define GIC_FRAME 0x10000

struct machine machine;
struct cpu cpus[MAX_CPUS];

/* --- the GIC ------------------------------------------------------------------------------- */

/* What a frame of registers holds of an interrupt. */
struct interrupt {
    uint8_t group, enabled, pending, active, priority, config, modifier, nsac, nmi;
    uint64_t router;
};

/* The distributor, or a redistributor's SGI frame, whose registers lie likewise. */
struct frame {
    struct interrupt interrupt[1024];
    uint8_t plain[0x1000]; /* every other register: what was written */
};

static struct frame distributor, redistributor[CPUS];

/* Registers of so many bits an interrupt. */
enum field {
    GROUP,
    SET_ENABLE,
    CLEAR_ENABLE,
    SET_PENDING,
    CLEAR_PENDING,
    SET_ACTIVE,
    CLEAR_ACTIVE,
    PRIORITY,
    CONFIG,
    MODIFIER,
    NSAC,
    NMI,
    ROUTER,
    PLAIN
};

static const struct {
    uint32_t start, size;
    unsigned bits;
} fields[] = {
    [GROUP] = {0x80, 0x80, 1},          [SET_ENABLE] = {0x100, 0x80, 1},
    [CLEAR_ENABLE] = {0x180, 0x80, 1},  [SET_PENDING] = {0x200, 0x80, 1},
    [CLEAR_PENDING] = {0x280, 0x80, 1}, [SET_ACTIVE] = {0x300, 0x80, 1},
    [CLEAR_ACTIVE] = {0x380, 0x80, 1},  [PRIORITY] = {0x400, 0x400, 8},
    [CONFIG] = {0xc00, 0x100, 2},       [MODIFIER] = {0xd00, 0x80, 1},
    [NSAC] = {0xe00, 0x100, 2},         [NMI] = {0xf80, 0x80, 1},
    [ROUTER] = {0x6000, 0x2000, 64},
};

static enum field field_at(uint64_t offset)
{
    for (unsigned i = 0; i < ARRAY_SIZE(fields); i++)
        if (offset >= fields[i].start && offset < fields[i].start + fields[i].size)
            return i;
    return PLAIN;
}

static uint8_t *state_of(struct interrupt *interrupt, enum field field)
{
    switch (field) {
    case GROUP:
        return &interrupt->group;
    case SET_ENABLE:
    case CLEAR_ENABLE:
        return &interrupt->enabled;
    case SET_PENDING:
    case CLEAR_PENDING:
        return &interrupt->pending;
    case SET_ACTIVE:
    case CLEAR_ACTIVE:
        return &interrupt->active;
    case PRIORITY:
        return &interrupt->priority;
    case CONFIG:
        return &interrupt->config;
    case MODIFIER:
        return &interrupt->modifier;
    case NSAC:
        return &interrupt->nsac;
    default:
        return &interrupt->nmi;
    }
}

static void write_state(uint8_t *state, enum field field, uint8_t value)
{
    if (field == SET_ENABLE || field == SET_PENDING || field == SET_ACTIVE)
        *state |= value;
    else if (field == CLEAR_ENABLE || field == CLEAR_PENDING || field == CLEAR_ACTIVE)
        *state &= ~value;
    else
        *state = value;
}

/* One byte of a register: a byte of IROUTER, an interrupt's priority, or several interrupts. */
static uint8_t byte_access(struct frame *frame, uint64_t offset, bool write, uint8_t value)
{
    enum field field = field_at(offset);
    unsigned first, bits = field == PLAIN ? 0 : fields[field].bits;

    if (field == PLAIN) {
        if (write)
            frame->plain[offset] = value;
        return frame->plain[offset];
    }
    if (field == ROUTER) {
        uint64_t at = offset - fields[field].start;
        uint8_t *byte = (uint8_t *)&frame->interrupt[at / 8].router + at % 8;
        if (write)
            *byte = value;
        return *byte;
    }
    first = (unsigned)((offset - fields[field].start) * 8 / bits);
    uint8_t mask = (uint8_t)((1U << bits) - 1), read = 0;
    for (unsigned i = 0; i < 8 / bits; i++) {
        uint8_t *state = state_of(&frame->interrupt[first + i], field);
        if (write)
            write_state(state, field, value >> i * bits & mask);
        read |= (uint8_t)(*state << i * bits);
    }
    return read;
}

/* GICD_SETSPI_NSR, CLRSPI_NSR, SETSPI_SR, CLRSPI_SR: the INTID of an SPI to set or clear. */
static bool message(struct frame *frame, uint64_t offset, uint64_t value)
{
    unsigned intid = value & 0x1fff;

    if (frame != &distributor || offset < 0x40 || offset > 0x58 || offset % 8)
        return false;
    if (intid >= 32 && intid < 1020)
        frame->interrupt[intid].pending = offset % 16 == 0;
    return true;
}

static uint64_t gic_access(struct frame *frame, uint64_t offset, unsigned size, bool write,
                           uint64_t value)
{
    uint64_t read = 0;

    if (write && message(frame, offset, value))
        return 0;
    for (unsigned i = 0; i < size; i++)
        read |= (uint64_t)byte_access(frame, offset + i, write, (uint8_t)(value >> 8 * i)) << 8 * i;
    return read;
}

static struct frame *frame_at(uint64_t address)
{
    if (address >= GICD && address < GICD + GIC_FRAME)
        return &distributor;
    for (unsigned i = 0; i < CPUS; i++)
        if (address - cpus[i].gicr - GICR_SGI_FRAME < GIC_FRAME)
            return &redistributor[i];
    test_fail(__FILE__, __LINE__, "access to %#llx", (unsigned long long)address);
}

/* Device memory: an unaligned access is an alignment fault. */
bool guarded_read(uint64_t address, unsigned size_log2, uint64_t *value)
{
    *value = 0;
    if (address % BIT(size_log2))
        return false;
    *value = gic_access(frame_at(address), address % GIC_FRAME, 1U << size_log2, false, 0);
    return true;
}

bool guarded_write(uint64_t address, uint64_t value, unsigned size_log2)
{
    if (address % BIT(size_log2))
        return false;
    gic_access(frame_at(address), address % GIC_FRAME, 1U << size_log2, true, value);
    return true;
}

/* --- the guest ----------------------------------------------------------------------------- */

static struct region regions[16];
static unsigned region_count;

unsigned region_add(const struct region *region)
{
    EXPECT(region_count < ARRAY_SIZE(regions));
    regions[region_count++] = *region;
    return STATUS_OK;
}

/* An access of the guest: a model's, or the device's where only the page is watched. */
static bool guest_access(struct mmio_access *access)
{
    for (unsigned i = 0; i < region_count; i++)
        if (access->address >= regions[i].start && access->address < regions[i].end)
            return regions[i].model(access);
    if (access->write)
        return guarded_write(access->address, access->value, access->size_log2);
    return guarded_read(access->address, access->size_log2, &access->value);
}

static uint64_t mask_of(unsigned size_log2)
{
    return ~UINT64_C(0) >> (64 - (8U << size_log2));
}

static void guest_write(uint64_t address, unsigned size_log2, uint64_t value)
{
    struct mmio_access access = {.address = address,
                                 .size_log2 = (uint8_t)size_log2,
                                 .write = true,
                                 .value = value & mask_of(size_log2)};

    EXPECT_EQ(guest_access(&access), address % BIT(size_log2) == 0);
}

static uint64_t guest_read(uint64_t address, unsigned size_log2)
{
    struct mmio_access access = {.address = address, .size_log2 = (uint8_t)size_log2};

    EXPECT_EQ(guest_access(&access), address % BIT(size_log2) == 0);
    EXPECT_EQ(access.value & ~mask_of(size_log2), 0);
    return access.value;
}

static void randomize(struct frame *frame, uint64_t *seed)
{
    memset(frame, 0, sizeof(*frame));
    for (unsigned i = 0; i < 1024; i++) {
        struct interrupt *interrupt = &frame->interrupt[i];
        uint32_t bits = test_random(seed);

        interrupt->group = bits & 1;
        interrupt->enabled = bits >> 1 & 1;
        interrupt->pending = bits >> 2 & 1;
        interrupt->active = bits >> 3 & 1;
        interrupt->priority = (uint8_t)(bits >> 4);
        interrupt->config = bits >> 12 & 3;
        interrupt->modifier = bits >> 14 & 1;
        interrupt->nsac = bits >> 15 & 3;
        interrupt->nmi = bits >> 17 & 1;
        interrupt->router = (uint64_t)test_random(seed) << 20;
    }
}

/* A machine whose GIC is in any state, guarded. */
static void setup(uint32_t spi, uint64_t *seed)
{
    machine.gicd = (struct range){GICD, GIC_FRAME};
    machine.cpu_count = CPUS;
    randomize(&distributor, seed);
    for (unsigned i = 0; i < CPUS; i++) {
        cpus[i].gicr = GICR + i * 0x20000;
        randomize(&redistributor[i], seed);
    }
    distributor.plain[0] = 0x51; /* DS, ARE, EnableGrp0 */
    region_count = 0;
    gic_guard(spi);
    guest_write(GICD, 2, 0x50); /* the shadow of EnableGrp0 is 0 */
}

/* Where a guest looks for trouble: the guarded pages, most often beside Vellum's bits. */
static uint64_t random_address(uint32_t spi, unsigned size_log2, uint64_t *seed)
{
    uint64_t frame = GICD, offset = test_random(seed) % 0x1000;
    uint32_t intid = spi;
    unsigned kind = test_random(seed) % 8;

    if (kind & 1) {
        frame = cpus[test_random(seed) % CPUS].gicr + GICR_SGI_FRAME;
        intid = SGI;
    }
    if (kind >= 4) {
        unsigned field = test_random(seed) % (frame == GICD ? PLAIN : ROUTER);
        offset = fields[field].start + (uint64_t)intid * fields[field].bits / 8;
        offset += test_random(seed) % 12;
        offset -= offset > 6 ? test_random(seed) % 6 : 0;
    } else if (kind == 2) {
        offset = test_random(seed) % 0x60;
    }
    if (test_random(seed) % 8)
        offset = ALIGN_DOWN(offset, BIT(size_log2));
    if (offset + 8 > 0x1000 && offset < 0x6000)
        offset = 0xff8;
    return frame + offset;
}

static uint64_t random_value(uint32_t spi, uint64_t *seed)
{
    uint64_t value = (uint64_t)test_random(seed) << 32 ^ (uint64_t)test_random(seed) << 1;
    const uint64_t choices[] = {value, ~UINT64_C(0), 0, spi};

    return choices[test_random(seed) % 4];
}

static const uint32_t spis[] = {32, 33, 47, 63, 79, 223, 1019};

/* What the GIC itself makes of a write, with Vellum's interrupt and EnableGrp0 as they were. */
static void write_but_spare(struct frame *frame, uint64_t address, unsigned size_log2,
                            uint64_t value, uint32_t intid)
{
    struct interrupt ours = frame->interrupt[intid];

    guarded_write(address, value, size_log2);
    memcpy(&frame->interrupt[intid], &ours, sizeof(ours));
    if (frame == &distributor)
        frame->plain[0] |= 1;
}

TEST(no_write_touches_vellums_interrupts_and_all_else_is_as_written)
{
    static struct frame before, wanted;

    for (unsigned s = 0; s < ARRAY_SIZE(spis); s++) {
        uint64_t seed = s;

        setup(spis[s], &seed);
        for (unsigned i = 0; i < 3000; i++) {
            unsigned size_log2 = test_random(&seed) % 4;
            uint64_t address = random_address(spis[s], size_log2, &seed);
            uint64_t value = random_value(spis[s], &seed) & mask_of(size_log2);
            struct frame *frame = frame_at(address);

            memcpy(&before, frame, sizeof(before));
            write_but_spare(frame, address, size_log2, value,
                            frame == &distributor ? spis[s] : SGI);
            memcpy(&wanted, frame, sizeof(wanted));
            memcpy(frame, &before, sizeof(before));
            guest_write(address, size_log2, value);
            if (memcmp(frame, &wanted, sizeof(wanted)) != 0)
                test_fail(__FILE__, __LINE__, "SPI %u: %u bytes, %#llx, to %#llx", spis[s],
                          1U << size_log2, (unsigned long long)value, (unsigned long long)address);
        }
    }
}

TEST(reads_show_vellums_interrupts_as_not_there)
{
    static struct frame before;
    static const struct interrupt nothing;

    for (unsigned s = 0; s < ARRAY_SIZE(spis); s++) {
        uint64_t seed = s + 100;

        setup(spis[s], &seed);
        for (unsigned i = 0; i < 3000; i++) {
            unsigned size_log2 = test_random(&seed) % 4;
            uint64_t address = random_address(spis[s], size_log2, &seed), wanted;
            struct frame *frame = frame_at(address);

            memcpy(&before, frame, sizeof(before));
            memcpy(&frame->interrupt[frame == &distributor ? spis[s] : SGI], &nothing,
                   sizeof(nothing));
            if (frame == &distributor)
                frame->plain[0] &= 0xfe;
            guarded_read(address, size_log2, &wanted);
            memcpy(frame, &before, sizeof(before));
            EXPECT_EQ(guest_read(address, size_log2), wanted);
            EXPECT(memcmp(frame, &before, sizeof(before)) == 0);
        }
    }
}

TEST(the_guest_sees_the_enablegrp0_that_it_wrote_and_the_gic_keeps_it_set)
{
    uint64_t seed = 1;

    setup(79, &seed);
    for (unsigned i = 0; i < 100; i++) {
        unsigned size_log2 = test_random(&seed) % 4;
        uint64_t value = random_value(79, &seed) & mask_of(size_log2);

        guest_write(GICD, size_log2, value);
        EXPECT_EQ(distributor.plain[0], (value & 0xff) | 1);
        EXPECT_EQ(guest_read(GICD, size_log2), value);
        guest_write(GICD + 1, 0, 0xff);
        EXPECT_EQ(guest_read(GICD, 0), value & 0xff);
    }
}

TEST(a_message_reaches_every_spi_but_vellums)
{
    uint64_t seed = 1;

    setup(79, &seed);
    for (uint32_t intid = 32; intid < 1020; intid++) {
        uint8_t before = distributor.interrupt[intid].pending;

        guest_write(GICD + 0x40, 2, intid);
        EXPECT_EQ(distributor.interrupt[intid].pending, intid == 79 ? before : 1);
        guest_write(GICD + 0x48, 1, intid);
        EXPECT_EQ(distributor.interrupt[intid].pending, intid == 79 ? before : 0);
    }
}

TEST(without_an_spi_of_its_own_vellum_guards_the_sgi)
{
    uint64_t seed = 7;

    setup(0, &seed);
    for (unsigned i = 0; i < CPUS; i++) {
        uint64_t frame = cpus[i].gicr + GICR_SGI_FRAME;

        redistributor[i].interrupt[SGI].enabled = 1;
        guest_write(frame + 0x180, 2, 0xffffffff);
        for (unsigned k = 0; k < 32; k++)
            EXPECT_EQ(redistributor[i].interrupt[k].enabled, k == SGI);
    }
}
