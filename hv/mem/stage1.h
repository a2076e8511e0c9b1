/*
 * Vellum's own translation, EL2&0: all of the machine at its physical address. RAM is readable and
 * writable, never executable; Vellum's text is executable and read-only; devices are nGnRnE;
 * guard pages and read-only data as they should be.
 */
#ifndef VELLUM_MEM_STAGE1_H
#define VELLUM_MEM_STAGE1_H

#include "lib/types.h"

/* Builds the table, with the MMU off. */
void stage1_build(void);

/* Unmaps a page range: a guard. Before stage1_enable. */
void stage1_guard(uint64_t start, uint64_t size);

/* Turns the MMU and the caches on, on this CPU. */
void stage1_enable(void);

#endif
