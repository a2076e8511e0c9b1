/*
 * Accesses that may fault. A fault at EL2 in one of these comes back as `false`; anywhere else it
 * is a bug of ours. ELR_EL2, SPSR_EL2, ESR_EL2 and FAR_EL2 are lost by a fault: read them before.
 */
#ifndef VELLUM_LIB_GUARDED_H
#define VELLUM_LIB_GUARDED_H

#include "lib/types.h"

#ifdef VELLUM_FAKE_IO
bool guarded_read(uint64_t address, unsigned size_log2, uint64_t *value);
bool guarded_write(uint64_t address, uint64_t value, unsigned size_log2);
#else
/*
 * One instruction that may fault, and where to go on then: an entry of the table that
 * guarded_resume searches. Both are offsets from the entry's own place.
 */
#define GUARDED(instruction, label)                                                                \
    "1: " instruction "\n"                                                                         \
    ".pushsection .guarded, \"a\"\n .balign 4\n .word 1b - ., " label " - .\n .popsection\n"

/*
 * volatile, and the empty statement behind it: OBSERVED with gcc 12, which drops an asm goto whose
 * output it believes unused on one way out, and is known to misplace spills (GCC bugs 103979, 110420).
 */
#define GUARDED_LOAD(instruction, value, address, failed)                                          \
    do {                                                                                           \
        __asm__ volatile goto(GUARDED(instruction, "%l[" #failed "]")                              \
                              : [v] "=r"(value)                                                    \
                              : [a] "r"(address)                                                   \
                              : "memory"                                                           \
                              : failed);                                                           \
        __asm__ volatile("");                                                                      \
    } while (0)

#define GUARDED_STORE(instruction, value, address, failed)                                         \
    __asm__ volatile goto(GUARDED(instruction, "%l[" #failed "]")                                  \
                          :                                                                        \
                          : [v] "rZ"(value), [a] "r"(address)                                      \
                          : "memory"                                                               \
                          : failed)

/* One access of 1 << size_log2 bytes, never split, merged or repeated; zero-extended. */
static inline bool guarded_read(uint64_t address, unsigned size_log2, uint64_t *value)
{
    uint64_t read;

    if (size_log2 == 2)
        GUARDED_LOAD("ldr %w[v], [%[a]]", read, address, failed);
    else if (size_log2 == 1)
        GUARDED_LOAD("ldrh %w[v], [%[a]]", read, address, failed);
    else if (size_log2 == 0)
        GUARDED_LOAD("ldrb %w[v], [%[a]]", read, address, failed);
    else
        GUARDED_LOAD("ldr %[v], [%[a]]", read, address, failed);
    *value = read;
    return true;
failed:
    *value = 0;
    return false;
}

static inline bool guarded_write(uint64_t address, uint64_t value, unsigned size_log2)
{
    if (size_log2 == 2)
        GUARDED_STORE("str %w[v], [%[a]]", value, address, failed);
    else if (size_log2 == 1)
        GUARDED_STORE("strh %w[v], [%[a]]", value, address, failed);
    else if (size_log2 == 0)
        GUARDED_STORE("strb %w[v], [%[a]]", value, address, failed);
    else
        GUARDED_STORE("str %x[v], [%[a]]", value, address, failed);
    return true;
failed:
    return false;
}
#endif

/* Copies n bytes. False: some byte on either side could not be reached. */
bool guarded_copy(void *to, const void *from, size_t n);

/* SMC with x0..x17 from and to `x`. False: the machine has no SMC (the instruction is UNDEFINED). */
bool guarded_smc(uint64_t x[18]);

/* Where to go on after a fault at `pc`, or 0. */
uint64_t guarded_resume(uint64_t pc);

#endif
