/*
 * Device registers, one access each, in program order (Device-nGnRnE keeps them so).
 * A native unit test replaces these by defining VELLUM_FAKE_IO and supplying its own.
 */
#ifndef VELLUM_LIB_IO_H
#define VELLUM_LIB_IO_H

#include "lib/types.h"

#ifdef VELLUM_FAKE_IO
uint32_t io_read32(uint64_t address);
void io_write32(uint64_t address, uint32_t value);
#else
static inline uint32_t io_read32(uint64_t address)
{
    uint32_t value;
    __asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
    return value;
}

static inline void io_write32(uint64_t address, uint32_t value)
{
    __asm__ volatile("str %w0, [%1]" : : "r"(value), "r"(address) : "memory");
}
#endif

#endif
