/* Loads and stores of every general register, and the forms that C does not write; regs.S. */
#ifndef PAYLOADS_MMIO_REGS_H
#define PAYLOADS_MMIO_REGS_H

#include <stdint.h>

/* Loads 4 bytes from `address` into w0..w30 in turn; out[n]: the whole xn then. */
void load_every_register(uint64_t address, uint64_t out[31]);

/* Stores 4 bytes from w0..w30 in turn, each holding `values[n]`, and loads each back to out[n]. */
void store_every_register(uint64_t address, const uint64_t values[31], uint64_t out[31]);

#endif
