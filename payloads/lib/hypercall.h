/*
 * Vellum's own calls: SMC Calling Convention, by HVC, vendor-specific hypervisor service
 * (DEN0028, "Vendor Specific Hypervisor Service Calls").
 */
#ifndef PAYLOADS_LIB_HYPERCALL_H
#define PAYLOADS_LIB_HYPERCALL_H

#define VELLUM_HVC_NULL 0x86000000 /* does nothing; x0 = 0 */
#define VELLUM_HVC_UID 0x8600ff01  /* w0..w3: the UID below, byte 0 in the low bits of w0 */

/* 8fd0b6bd-51a1-4b0e-9c1a-7a3b0c5d2f6e */
#define VELLUM_UID0 0xbdb6d08f
#define VELLUM_UID1 0x0e4ba151
#define VELLUM_UID2 0x3b7a1a9c
#define VELLUM_UID3 0x6e2f5d0c

#endif
