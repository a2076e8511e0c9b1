/*
 * Accesses that need more than their syndrome (mmio/slow.c).
 */
#ifndef VELLUM_MMIO_SLOW_H
#define VELLUM_MMIO_SLOW_H

#include "cpu/cpu.h"

/* The IPA of the fault that was just taken; far: FAR_EL2. */
static inline uint64_t mmio_fault_ipa(uint64_t far)
{
    return HPFAR_TO_IPA(sysreg_read(hpfar_el2)) | (far & 0xfff);
}

/* An access whose syndrome does not tell all of it: decoded, stepped, or refused by name. */
void mmio_slow(struct cpu *cpu, struct trap_frame *frame, uint64_t esr, uint64_t far,
               uint64_t address);

/* A fetch of an instruction from a page that is closed: from traced memory it is stepped. */
void mmio_fetch(struct cpu *cpu, struct trap_frame *frame, uint64_t esr, uint64_t far,
                uint64_t address);

/* No device took it: what the guest would have got without Vellum, it gets. */
void mmio_aborted(struct cpu *cpu, struct trap_frame *frame, uint64_t esr, uint64_t far,
                  uint64_t address);

#endif
