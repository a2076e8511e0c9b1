/*
 * Ranges of physical addresses that a host names: where they lie.
 */
#ifndef VELLUM_RPC_RANGES_H
#define VELLUM_RPC_RANGES_H

#include "lib/types.h"

/* [start, start + size) is not empty and does not wrap, and lies in one bank of RAM. */
bool range_in_ram(uint64_t start, uint64_t size);

/* Some of it is RAM, or it is empty or wraps. */
bool range_touches_ram(uint64_t start, uint64_t size);

/* Some of it is what Vellum keeps. */
bool range_touches_vellum(uint64_t start, uint64_t size);

#endif
