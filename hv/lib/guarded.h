/*
 * Accesses that may fault. A fault at EL2 in one of these comes back as `false`; anywhere else it
 * is a bug of ours. ELR_EL2, SPSR_EL2, ESR_EL2 and FAR_EL2 are lost by a fault: read them before.
 */
#ifndef VELLUM_LIB_GUARDED_H
#define VELLUM_LIB_GUARDED_H

#include "lib/types.h"

struct guarded_value {
    uint64_t value;
    uint64_t ok;
};

/* One access of 1 << size_log2 bytes, never split, merged or repeated. */
struct guarded_value guarded_read(uint64_t address, unsigned size_log2);
bool guarded_write(uint64_t address, uint64_t value, unsigned size_log2);

/* Copies n bytes. False: some byte on either side could not be reached. */
bool guarded_copy(void *to, const void *from, size_t n);

/* SMC with x0..x17 from and to `x`. False: the machine has no SMC (the instruction is UNDEFINED). */
bool guarded_smc(uint64_t x[18]);

/* Where to go on after a fault at `pc`, or 0. */
uint64_t guarded_resume(uint64_t pc);

#endif
