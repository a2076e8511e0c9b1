/*
 * Memory shared with a device that reads and writes it by itself.
 *
 * EL2 maps all memory at its physical address, so a pointer is what the device needs. The barriers
 * order; they do not clean caches: the device must be coherent (FDT `dma-coherent`, as all of
 * QEMU's are). Outer shareable, as devices may lie outside the CPUs' inner domain.
 */
#ifndef VELLUM_DEV_DMA_H
#define VELLUM_DEV_DMA_H

#include "lib/types.h"

static inline uint64_t dma_address(const volatile void *memory)
{
    return (uintptr_t)memory;
}

/* Stores before it are seen by the device before stores after it. */
static inline void dma_store_barrier(void)
{
#ifdef __aarch64__
    __asm__ volatile("dmb oshst" : : : "memory");
#else
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

/* Loads before it are done before loads after it. */
static inline void dma_load_barrier(void)
{
#ifdef __aarch64__
    __asm__ volatile("dmb oshld" : : : "memory");
#else
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

/* Every access before it comes before every access after it. */
static inline void dma_full_barrier(void)
{
#ifdef __aarch64__
    __asm__ volatile("dmb osh" : : : "memory");
#else
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

#endif
