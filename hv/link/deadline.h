/*
 * Waiting no longer than so many microseconds, by the generic timer's counter.
 */
#ifndef VELLUM_LINK_DEADLINE_H
#define VELLUM_LINK_DEADLINE_H

#include "lib/types.h"

#ifdef VELLUM_FAKE_IO
uint64_t deadline_counter(void);
#define DEADLINE_HZ UINT64_C(1000000)
#else
#include "cpu/sysreg.h"

static inline uint64_t deadline_counter(void)
{
    isb(); /* CNTPCT_EL0 may be read ahead of what comes before it */
    return sysreg_read(cntpct_el0);
}
#define DEADLINE_HZ sysreg_read(cntfrq_el0)
#endif

/* The counter's value when that time has gone by. */
static inline uint64_t deadline_after(uint64_t microseconds)
{
    return deadline_counter() + microseconds * DEADLINE_HZ / 1000000;
}

static inline bool deadline_passed(uint64_t deadline)
{
    return (int64_t)(deadline_counter() - deadline) >= 0;
}

#endif
