/*
 * Which addresses are watched, and what happens to an access there. One sorted table; each entry
 * either traces and performs the access or hands it to a model in EL2.
 */
#ifndef VELLUM_MMIO_REGION_H
#define VELLUM_MMIO_REGION_H

#include "lib/types.h"
#include "link/messages.h"

#define MAX_REGIONS 24576

/* An access whose syndrome told all of it (ESR_EL2.ISS.ISV = 1). */
struct mmio_access {
    uint64_t address; /* IPA == PA: stage 2 is an identity map */
    uint64_t value;   /* written, or read: zero-extended to 64 bits */
    uint64_t pc;
    uint8_t size_log2; /* 0..3: 1, 2, 4, 8 bytes */
    bool write;
};

/* A model: performs the access in place of a device. False: the guest gets an external abort. */
typedef bool mmio_model(struct mmio_access *access);

struct region {
    uint64_t start;
    uint64_t end;      /* one past */
    uint64_t flags;    /* REGION_* of link/messages.h */
    mmio_model *model; /* NULL: the device itself */
    uint64_t exit;     /* enum exit, counted when an access comes here untraced */
};

/*
 * Adds a region. With flags only (model NULL) it may lie over a model's region, which is then
 * traced as well. Returns a status of link/messages.h.
 */
unsigned region_add(const struct region *region);

/*
 * Gives the traced bytes of [start, end) other flags; 0: they are no longer traced. Returns a status;
 * STATUS_BAD_ARGUMENT: none of them is traced.
 */
unsigned region_change(uint64_t start, uint64_t end, uint64_t flags);

/* The region that `address` lies in; where there is none, the gap between regions, unwatched. */
void region_find(uint64_t address, struct region *out);

/* All regions by rising address: the one behind `previous`, the first for NULL; NULL at the end. */
const struct region *region_next(const struct region *previous);

#endif
