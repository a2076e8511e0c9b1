/*
 * Read-modify-write accesses that may fault (lib/guarded.h): one instruction of FEAT_LSE each, so
 * that the atomicity is the memory's or the device's own. All with acquire and release.
 * Addresses are aligned to the access. False: it faulted.
 */
#ifndef VELLUM_MMIO_ATOMIC_H
#define VELLUM_MMIO_ATOMIC_H

#include "lib/types.h"

/* op: enum ls_atomic of mmio/decode.h. *value: operand in, what was there out, zero-extended. */
bool guarded_atomic(uint64_t address, unsigned op, unsigned size_log2, uint64_t *value);

/* *old: what is expected in, what was there out, zero-extended. Stores `value` when they are one. */
bool guarded_cas(uint64_t address, unsigned size_log2, uint64_t *old, uint64_t value);

/* The same for 16 bytes. */
bool guarded_casp(uint64_t address, uint64_t old[2], const uint64_t value[2]);

#endif
