/*
 * Where Vellum lies: symbols of the linker script, and the RAM that it keeps for itself.
 *
 * vellum_range, at the top of RAM: image | copy of the FDT | pool (tables, stacks, trace rings).
 */
#ifndef VELLUM_ENTRY_LAYOUT_H
#define VELLUM_ENTRY_LAYOUT_H

#include "fw/machine.h"

extern char image_start[], image_text_end[], image_rodata_end[], image_bss_start[], image_end[];

/* Tables of both stages, the rest of the pool beside what is counted by CPU. */
#define POOL_SIZE (4 * MIB)
/* Per CPU: the trace ring, and stacks with their guards. */
#define POOL_SIZE_CPU (1 * MIB + 128 * KIB)
/* What a guest must have left to be worth starting. */
#define GUEST_RAM_MIN (32 * MIB)

extern struct range vellum_range;

#endif
