/*
 * Stopping the world: every CPU that runs the guest waits at EL2 while one of them changes what all
 * of them use (the table of regions, stage 2).
 */
#ifndef VELLUM_CPU_WORLD_H
#define VELLUM_CPU_WORLD_H

#include "lib/types.h"

/* Stops all others; one caller at a time (the rpc channel). False: a CPU does not come; nothing is
 * stopped. */
bool world_stop(void);
void world_go(void);

/* Waits here while the world is stopped by another CPU. Wherever a CPU at EL2 waits for long. */
void world_pause(void);

#endif
