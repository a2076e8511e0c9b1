/*
 * Vellum's own memory: pages handed out once, at start, zeroed, never given back.
 */
#ifndef VELLUM_MEM_POOL_H
#define VELLUM_MEM_POOL_H

#include "lib/types.h"

/* Gives the pool [start, end). */
void pool_init(uint64_t start, uint64_t end);

/* `size` bytes, aligned to `align` (a power of two). Panics when there is no more. */
void *pool_take(uint64_t size, uint64_t align);

/* Bytes left. */
uint64_t pool_left(void);

#endif
