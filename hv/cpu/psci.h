/*
 * The guest's SMCs: PSCI (DEN 0022) is relayed so that every CPU comes up through Vellum and no
 * trace is lost when one goes down; others go to the firmware as they are.
 */
#ifndef VELLUM_CPU_PSCI_H
#define VELLUM_CPU_PSCI_H

#include "cpu/cpu.h"

void psci_guest_smc(struct cpu *cpu, struct trap_frame *frame);

/* Turns the machine off or resets it, now. */
_Noreturn void machine_stop(bool reset);

/* VBAR_EL1 of the guest at its last PSCI call: from it the host finds a kernel's slide. */
uint64_t psci_guest_vbar(void);

#endif
