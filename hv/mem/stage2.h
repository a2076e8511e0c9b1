/*
 * The guest's physical address space: an identity map of the largest blocks, from which Vellum's
 * own memory is absent. Two of them:
 *   guarded  what every CPU runs on; pages with a watched range or a model are absent
 *   open     what one CPU has for one stepped instruction; only pages with a model are absent
 * Memory attributes are Normal write-back throughout, so that the guest's own stage 1 decides.
 */
#ifndef VELLUM_MEM_STAGE2_H
#define VELLUM_MEM_STAGE2_H

#include "lib/types.h"

/* Builds both from the machine and the table of regions. Before a guest runs. */
void stage2_build(void);

/*
 * Brings both in line with the table of regions again, for [start, end); the world is stopped. There
 * must be room for the tables that it may need.
 */
void stage2_update(uint64_t start, uint64_t end);
bool stage2_has_room(void);

/* Loads VTCR_EL2 and the guarded map on this CPU. */
void stage2_enable(void);

void stage2_use_open(void);
void stage2_use_guarded(void);

/* Whether the open map has the page of `address`. */
bool stage2_open_maps(ipa address);

#endif
