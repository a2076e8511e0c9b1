/*
 * Device registers, one access each, base register only: the syndrome of such an access tells all
 * of it (ISV = 1).
 */
#ifndef PAYLOADS_LIB_IO_H
#define PAYLOADS_LIB_IO_H

#include <stdint.h>

#define IO_ACCESSORS(bits, type, load, store, width)                                               \
    static inline type io_read##bits(uint64_t address)                                             \
    {                                                                                              \
        type value;                                                                                \
        __asm__ volatile(load " %" width "0, [%1]" : "=r"(value) : "r"(address) : "memory");       \
        return value;                                                                              \
    }                                                                                              \
    static inline void io_write##bits(uint64_t address, type value)                                \
    {                                                                                              \
        __asm__ volatile(store " %" width "0, [%1]" : : "r"(value), "r"(address) : "memory");      \
    }

IO_ACCESSORS(8, uint8_t, "ldrb", "strb", "w")
IO_ACCESSORS(16, uint16_t, "ldrh", "strh", "w")
IO_ACCESSORS(32, uint32_t, "ldr", "str", "w")
IO_ACCESSORS(64, uint64_t, "ldr", "str", "x")

#endif
