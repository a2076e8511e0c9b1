/*
 * Accesses that may fault. A fault at EL2 in one of these comes back as `false`; anywhere else it
 * is a bug of ours. ELR_EL2, SPSR_EL2, ESR_EL2 and FAR_EL2 are lost by a fault: read them before.
 */
#ifndef VELLUM_LIB_GUARDED_H
#define VELLUM_LIB_GUARDED_H

#include "lib/types.h"

#ifndef VELLUM_FAKE_IO
struct guarded_value {
    uint64_t value;
    uint64_t ok;
};

/*
 * One access of 1 << size_log2 bytes, never split, merged or repeated. The routines of
 * lib/guarded.S keep all registers but those named here, so that a caller on the path of every
 * access need not save its own.
 */
static inline struct guarded_value guarded_read(uint64_t address, unsigned size_log2)
{
    register uint64_t x0 __asm__("x0") = address;
    register uint64_t x1 __asm__("x1") = size_log2;

    __asm__ volatile("bl guarded_read_" : "+r"(x0), "+r"(x1) : : "x2", "x30", "memory");
    return (struct guarded_value){x0, x1};
}

static inline bool guarded_write(uint64_t address, uint64_t value, unsigned size_log2)
{
    register uint64_t x0 __asm__("x0") = address;
    register uint64_t x1 __asm__("x1") = value;
    register uint64_t x2 __asm__("x2") = size_log2;

    __asm__ volatile("bl guarded_write_" : "+r"(x0), "+r"(x1), "+r"(x2) : : "x3", "x30", "memory");
    return x0 != 0;
}
#endif

/* Copies n bytes. False: some byte on either side could not be reached. */
bool guarded_copy(void *to, const void *from, size_t n);

/* SMC with x0..x17 from and to `x`. False: the machine has no SMC (the instruction is UNDEFINED). */
bool guarded_smc(uint64_t x[18]);

/* Where to go on after a fault at `pc`, or 0. */
uint64_t guarded_resume(uint64_t pc);

#endif
