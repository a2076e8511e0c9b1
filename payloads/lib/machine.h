/* What the payload knows of the machine, from the FDT alone. */
#ifndef PAYLOADS_LIB_MACHINE_H
#define PAYLOADS_LIB_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#define MPIDR_AFFINITY UINT64_C(0xff00ffffff)
#define MAX_REDISTRIBUTORS 8

struct range {
    uint64_t start;
    uint64_t size;
};

struct machine {
    uint64_t pl011;
    uint32_t pl011_intid; /* its SPI */
    struct range gicd;
    struct range gicr[MAX_REDISTRIBUTORS];
    unsigned gicr_count;
    struct range memory;     /* the first bank */
    uint32_t timer_physical; /* INTIDs of the EL1 timers */
    uint32_t timer_virtual;
    bool psci_is_smc;
    const char *bootargs;
};

extern struct machine machine;

/* Fills `machine` and the table of CPUs. NULL, or what is wrong with the FDT. */
const char *machine_read(const void *fdt);

/* name=value of the command line, decimal or 0x hexadecimal; `otherwise` when it is not there. */
uint64_t arg_number(const char *name, uint64_t otherwise);
/* Is name=value there, word for word? */
bool arg_is(const char *name, const char *value);

#endif
