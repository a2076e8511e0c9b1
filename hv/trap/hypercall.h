/*
 * Vellum's hypercalls: SMC Calling Convention (DEN 0028), fast calls of the vendor specific
 * hypervisor service, by HVC #0. Function in W0, results from X0.
 */
#ifndef VELLUM_TRAP_HYPERCALL_H
#define VELLUM_TRAP_HYPERCALL_H

/* Returns 0 and does nothing. Its low 16 bits must be 0: vectors.S answers it. */
#define HYPERCALL_NULL 0x86000000
#define HYPERCALL_UID 0x8600ff01 /* returns Vellum's UUID in W0..W3 */
#define SMCCC_VERSION 0x80000000 /* returns 0x10001 */
#define SMCCC_NOT_SUPPORTED (-1)

#ifndef __ASSEMBLER__
struct trap_frame;

/* Answers the HVC whose registers are in `frame`. */
void hypercall(struct trap_frame *frame);
#endif
#endif
