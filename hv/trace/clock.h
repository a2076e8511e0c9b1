/*
 * The trace's clock: the guest's counter, ticks. A native unit test supplies its own.
 */
#ifndef VELLUM_TRACE_CLOCK_H
#define VELLUM_TRACE_CLOCK_H

#include "lib/types.h"

#ifdef VELLUM_FAKE_IO
uint64_t trace_clock(void);
#else
#include "cpu/sysreg.h"

static inline uint64_t trace_clock(void)
{
    return sysreg_read(cntvct_el0);
}
#endif

#endif
