/*
 * FIQs: Vellum's own interrupts (irq/fiq.c).
 */
#ifndef VELLUM_IRQ_FIQ_H
#define VELLUM_IRQ_FIQ_H

#include "lib/types.h"
#include "trap/frame.h"

/* Acknowledges the pending interrupt of Group 0. 1020 to 1023: there is none. */
uint32_t fiq_acknowledge(void);
void fiq_end(uint32_t intid);

/* From the vectors. */
void irq_guest_fiq(struct trap_frame *frame);

#endif
