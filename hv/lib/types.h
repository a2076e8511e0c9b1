/*
 * Types that keep kinds of address apart, and little helpers that every file needs.
 */
#ifndef VELLUM_LIB_TYPES_H
#define VELLUM_LIB_TYPES_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Address in the machine's physical address space. */
typedef struct {
    uint64_t pa;
} paddr;

/* Address that a guest believes to be physical: the input of stage 2. */
typedef struct {
    uint64_t ipa;
} ipa;

/* Virtual address of the guest. */
typedef struct {
    uint64_t va;
} vaddr;

#define BIT(n) (UINT64_C(1) << (n))
/* Field of bits high..low (both included) of x. */
#define FIELD(x, high, low) (((x) >> (low)) & ((UINT64_C(1) << ((high) - (low) + 1)) - 1))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define ALIGN_UP(x, a) (((x) + (a)-1) & ~((uint64_t)(a)-1))
#define ALIGN_DOWN(x, a) ((x) & ~((uint64_t)(a)-1))

#define KIB UINT64_C(1024)
#define MIB (KIB * 1024)
#define GIB (MIB * 1024)

#endif
