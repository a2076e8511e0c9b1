/*
 * The EL2 physical timer of this CPU, for one shot: no tick, nothing while it is not set.
 */
#ifndef VELLUM_IRQ_ALARM_H
#define VELLUM_IRQ_ALARM_H

#include "lib/types.h"

/* An FIQ on this CPU (irq/fiq.c) once so much time has gone by. False: the machine has no timer. */
bool alarm_set(uint64_t microseconds);

/* None, if it was set. */
void alarm_cancel(void);

#endif
