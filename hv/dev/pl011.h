/*
 * Driver of the PL011 UART: early console of Vellum, and the link where there is no virtio-console.
 */
#ifndef VELLUM_DEV_PL011_H
#define VELLUM_DEV_PL011_H

#include "lib/types.h"

/* Takes the UART over, with the baud rate that the firmware has set; interrupts when it receives. */
void pl011_start(uint64_t base);

/* Waits for room in the FIFO. Needs no pl011_start: firmware has left the UART usable. */
void pl011_write(uint64_t base, const char *bytes, size_t length);

/* A byte, or -1 when there is none. */
int pl011_getc(uint64_t base);

/* Something written has not left the UART yet. */
bool pl011_is_busy(uint64_t base);

void pl011_acknowledge(uint64_t base);

#endif
