/*
 * GICv3 (IHI 0069). The guest drives it itself; Vellum keeps one SGI and the link's SPI in
 * Group 0, which with HCR_EL2.FMO = 1 arrives at EL2 as FIQ, and guards their bits.
 */
#ifndef VELLUM_IRQ_GIC_H
#define VELLUM_IRQ_GIC_H

#include "cpu/cpu.h"

/* Vellum's own SGI. Linux uses 0 to 7; firmware's customs leave 8 to 15 to the secure side. */
#define GIC_VELLUM_SGI 15

#define GICD_CTLR 0x0000
#define GICD_CTLR_ENABLE_GRP0 BIT(0)
#define GICD_CTLR_ARE BIT(4)
#define GICD_CTLR_DS BIT(6)
#define GICD_CTLR_RWP BIT(31)
#define GICD_SETSPI_NSR 0x0040
#define GICD_CLRSPI_NSR 0x0048
#define GICD_SETSPI_SR 0x0050
#define GICD_CLRSPI_SR 0x0058
#define GICD_SPI_INTID UINT64_C(0x1fff) /* of these four, at bit 0 */
#define GICD_IGROUPR 0x0080
#define GICD_ISENABLER 0x0100
#define GICD_ICENABLER 0x0180
#define GICD_ISPENDR 0x0200
#define GICD_ICPENDR 0x0280
#define GICD_ISACTIVER 0x0300
#define GICD_ICACTIVER 0x0380
#define GICD_IPRIORITYR 0x0400
#define GICD_ICFGR 0x0c00
#define GICD_IGRPMODR 0x0d00
#define GICD_NSACR 0x0e00
#define GICD_INMIR 0x0f80
#define GICD_IROUTER 0x6000

#define GICR_WAKER 0x0014
#define GICR_WAKER_PROCESSOR_SLEEP BIT(1)
#define GICR_WAKER_CHILDREN_ASLEEP BIT(2)
#define GICR_TYPER 0x0008
#define GICR_TYPER_LAST BIT(4)
#define GICR_SGI_FRAME 0x10000 /* its registers lie as the distributor's for INTIDs 0..31 */

/* Distributor and redistributors, once: finds each CPU's, guards the pages. NULL or what is wrong. */
const char *gic_init(void);

/* This CPU's redistributor and CPU interface. */
void gic_init_cpu(struct cpu *cpu);

/* Makes the link's SPI ours, routed to `cpu`. */
void gic_own_spi(uint32_t intid);
void gic_route_spi(const struct cpu *cpu);

/* The guest wrote ICC_SGI1R_EL1 or a sister (ISS_SYSREG of it). False: not one of those. */
bool gic_guest_sgi(uint64_t iss, uint64_t value);

/* Vellum's SGI to another CPU. */
void gic_send_sgi(const struct cpu *cpu);

/* irq/gic_guard.c: puts the models over the pages that hold bits of ours. */
void gic_guard(uint32_t spi);

#endif
