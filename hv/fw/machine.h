/*
 * What Vellum knows of the machine: read once at start from the FDT (fw/fdt.c), then constant.
 * Nothing of it is known at compile time; MAX_* bounds storage only.
 */
#ifndef VELLUM_FW_MACHINE_H
#define VELLUM_FW_MACHINE_H

#include "lib/types.h"

#define MAX_CPUS 64
#define MAX_RAM_BANKS 16
#define MAX_VIRTIO_MMIO 64
#define MAX_REDIST_REGIONS 8

struct range {
    uint64_t start;
    uint64_t size;
};

struct mmio_device {
    uint64_t base;
    uint64_t size;
    uint32_t intid; /* GIC INTID (SPI n is 32 + n); 0: none */
};

struct machine {
    paddr fdt;         /* our copy */
    uint32_t fdt_size; /* bytes */

    struct range ram[MAX_RAM_BANKS];
    unsigned ram_count;
    uint64_t address_top; /* one past the highest address that the FDT names */

    uint64_t cpu_mpidr[MAX_CPUS]; /* Aff3..Aff0 only, in FDT order */
    unsigned cpu_count;

    struct range gicd;
    struct range gicr[MAX_REDIST_REGIONS];
    unsigned gicr_count;

    struct mmio_device pl011; /* base 0: none. The one of /chosen/stdout-path, else the first */
    struct mmio_device virtio_mmio[MAX_VIRTIO_MMIO];
    unsigned virtio_mmio_count;
    uint32_t timer_intid; /* PPI of the EL2 physical timer; 0: none */
    uint32_t free_spi;    /* INTID of an SPI that no node of the FDT uses; 0: none */

    bool psci_is_smc;
};

/* Fills `machine` from the FDT. NULL when all is well, else what is wrong, one line. */
const char *fdt_read_machine(const void *fdt, struct machine *machine);

/* Whether the FDT reserves a part of [start, start + size): /memreserve/ or /reserved-memory. */
bool fdt_range_reserved(const void *fdt, uint64_t start, uint64_t size);

extern struct machine machine;

#endif
