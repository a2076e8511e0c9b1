/*
 * Vellum's own calls: SMC Calling Convention, by HVC, vendor-specific hypervisor service
 * (DEN0028, "Vendor Specific Hypervisor Service Calls").
 */
#ifndef PAYLOADS_LIB_HYPERCALL_H
#define PAYLOADS_LIB_HYPERCALL_H

#define VELLUM_HVC_NULL 0x86000000 /* does nothing; x0 = 0 */
#define VELLUM_HVC_UID 0x8600ff01  /* w0..w3: the UID below, byte 0 in the low bits of w0 */

/* 5e1f0bb2-93c4-4d1a-a8e7-56656c6c756d, a version 4 UUID; it ends in "Vellum" */
#define VELLUM_UID0 0xb20b1f5e
#define VELLUM_UID1 0x1a4dc493
#define VELLUM_UID2 0x6556e7a8
#define VELLUM_UID3 0x6d756c6c

#endif
