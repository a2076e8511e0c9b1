/*
 * Ticket spinlock. Held at EL2 only, where PSTATE.F is masked, so that a holder is never
 * interrupted by code of ours that wants it too.
 */
#ifndef VELLUM_LIB_LOCK_H
#define VELLUM_LIB_LOCK_H

#include "lib/types.h"
#include "lib/yield.h"

struct lock {
    uint32_t next;
    uint32_t owner;
};

static inline void lock_take(struct lock *lock)
{
    uint32_t ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);

    /* Acquire: pairs with the release in lock_drop. */
    while (__atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE) != ticket)
        cpu_yield();
}

static inline void lock_drop(struct lock *lock)
{
    __atomic_store_n(&lock->owner, lock->owner + 1, __ATOMIC_RELEASE);
}

#endif
