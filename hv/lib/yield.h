/*
 * A turn of a loop that waits: polite to what the CPU shares its core, or QEMU's -icount, with.
 */
#ifndef VELLUM_LIB_YIELD_H
#define VELLUM_LIB_YIELD_H

static inline void cpu_yield(void)
{
#ifdef __aarch64__
    __asm__ volatile("yield");
#endif
}

#endif
