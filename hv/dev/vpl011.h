/*
 * The guest's PL011 when the link has taken the real one: a model whose far end is the link's
 * console channel.
 */
#ifndef VELLUM_DEV_VPL011_H
#define VELLUM_DEV_VPL011_H

#include "mmio/region.h"

/* Puts the model at [base, base + 4 KiB), its interrupt at `intid`. As after a reset. */
void vpl011_init(uint64_t base, uint32_t intid);

/* For struct region. */
bool vpl011_access(struct mmio_access *access);

/* Bytes that the user typed. */
void vpl011_receive(const void *bytes, size_t length);

/* Sends what the guest has written and the model still gathers. */
void vpl011_flush(void);

#endif
