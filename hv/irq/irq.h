/*
 * Interrupts: Vellum's own few in Group 0 (FIQ, taken at EL2), everything else the guest's.
 */
#ifndef VELLUM_IRQ_IRQ_H
#define VELLUM_IRQ_IRQ_H

#include "lib/types.h"

/* Sets or clears the pending state of a guest SPI: the output line of a device model. */
void irq_set_guest_spi(uint32_t intid, bool level);

#endif
