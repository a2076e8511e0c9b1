/*
 * FIQs: Vellum's own interrupts, taken at EL2 while the guest runs.
 */
#include "irq/fiq.h"

#include "dev/vpl011.h"
#include "irq/alarm.h"
#include "irq/gic.h"
#include "link/link.h"

/* ICC_IAR0_EL1 says so when there is nothing of Group 0 (IHI 0069, 2.2.1 "Special INTIDs"). */
#define INTID_SPURIOUS 1023

uint32_t fiq_acknowledge(void)
{
    uint32_t intid = (uint32_t)sysreg_read(SYS_ICC_IAR0_EL1);

    /* IHI 0069, 4.1.1: the read's effects must be seen before the handler looks at the device. */
    __asm__ volatile("dsb sy" : : : "memory");
    return intid;
}

void fiq_end(uint32_t intid)
{
    sysreg_write(SYS_ICC_EOIR0_EL1, intid);
    isb();
}

void irq_guest_fiq(struct trap_frame *frame)
{
    struct cpu *cpu = cpu_self();
    uint32_t intid = fiq_acknowledge();

    if (intid >= 1020 && intid <= INTID_SPURIOUS)
        return;
    if (intid == GIC_VELLUM_SGI) {
        cpu->exits[EXIT_FIQ_SGI]++;
        fiq_end(intid);
        cpu_answer(cpu, frame);
        return;
    }
    if (intid == machine.timer_intid) {
        cpu->exits[EXIT_FIQ_TIMER]++;
        alarm_cancel();
        fiq_end(intid);
        vpl011_flush();
        return;
    }
    cpu->exits[EXIT_FIQ_LINK]++;
    /* The link may ask this very CPU where it is. */
    cpu->snapshot = (struct cpu_snapshot){frame->pc, frame->pstate, sysreg_read(vbar_el12)};
    link_interrupt();
    fiq_end(intid);
}
