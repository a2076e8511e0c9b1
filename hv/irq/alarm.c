/*
 * The EL2 physical timer (irq/alarm.h): CNTHP_*_EL2, DDI 0487, AArch64 Generic Timer registers.
 */
#include "irq/alarm.h"

#include "cpu/sysreg.h"
#include "fw/machine.h"
#include "link/deadline.h"

bool alarm_set(uint64_t microseconds)
{
    if (machine.timer_intid == 0)
        return false;
    sysreg_write(cnthp_cval_el2, deadline_after(microseconds));
    sysreg_write(cnthp_ctl_el2, CNT_CTL_ENABLE);
    return true;
}

void alarm_cancel(void)
{
    sysreg_write(cnthp_ctl_el2, 0);
    isb(); /* the line falls before the interrupt is looked at again */
}
