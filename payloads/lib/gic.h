/* GICv3, Group 1 only, enough to take interrupts and to send SGIs. */
#ifndef PAYLOADS_LIB_GIC_H
#define PAYLOADS_LIB_GIC_H

#include <stdbool.h>
#include <stdint.h>

#define GIC_SGI_COUNT 16
#define GIC_SPURIOUS 1023

/* Offsets from the distributor */
#define GICD_CTLR 0x0
#define GICD_IGROUPR 0x80
#define GICD_ISENABLER 0x100
#define GICD_IPRIORITYR 0x400
#define GICD_IROUTER 0x6000
#define GICD_CTLR_ENABLE_GROUP0 BIT(0) /* with one security state */
#define GICD_CTLR_ENABLE_GROUP1 BIT(1)
#define GICD_CTLR_ARE BIT(4)
#define GICD_CTLR_DS BIT(6)
#define GICD_CTLR_RWP BIT(31)

/* Offsets from a redistributor's first frame; the second one is at GICR_SGI_FRAME. */
#define GICR_TYPER 0x8
#define GICR_WAKER 0x14
#define GICR_SGI_FRAME 0x10000
#define GICR_IGROUPR0 (GICR_SGI_FRAME + 0x80)
#define GICR_ISENABLER0 (GICR_SGI_FRAME + 0x100)
#define GICR_ICENABLER0 (GICR_SGI_FRAME + 0x180)
#define GICR_ISPENDR0 (GICR_SGI_FRAME + 0x200)
#define GICR_ICPENDR0 (GICR_SGI_FRAME + 0x280)
#define GICR_IPRIORITYR (GICR_SGI_FRAME + 0x400)
#define GICR_ICFGR1 (GICR_SGI_FRAME + 0xc04)

/* System registers that the assembler of Debian 12 has no names for */
#define ICC_IAR0_EL1 S3_0_C12_C8_0
#define ICC_SGI1R_EL1 S3_0_C12_C11_5
#define ICC_SGI0R_EL1 S3_0_C12_C11_7
#define ICC_IAR1_EL1 S3_0_C12_C12_0
#define ICC_EOIR1_EL1 S3_0_C12_C12_1
#define ICC_BPR1_EL1 S3_0_C12_C12_3
#define ICC_CTLR_EL1 S3_0_C12_C12_4
#define ICC_SRE_EL1 S3_0_C12_C12_5
#define ICC_IGRPEN0_EL1 S3_0_C12_C12_6
#define ICC_IGRPEN1_EL1 S3_0_C12_C12_7
#define ICC_PMR_EL1 S3_0_C4_C6_0

/* ICC_SGI1R_EL1: to this CPU's list of affinities, or to all but the sender */
#define SGI_ALL_OTHERS BIT(40)

/* The distributor; once, on any CPU. */
void gic_init(void);
/* This CPU's redistributor and CPU interface; its SGIs are enabled then. */
void gic_init_cpu(void);
/* Enables an SGI or PPI of this CPU. */
void gic_enable(uint32_t intid);

/* Enables an SPI, routed to this CPU; `take` is called with IRQs masked for each one taken. */
void gic_enable_spi(uint32_t intid, void (*take)(void));

/* The value of ICC_SGI1R_EL1 that sends `intid` to the CPU with this affinity. */
uint64_t gic_sgi_value(uint32_t intid, uint64_t mpidr);
void gic_send(uint64_t sgi_value);

/* Acknowledges: the INTID, GIC_SPURIOUS when there is none. */
uint32_t gic_acknowledge(void);
void gic_end(uint32_t intid);

/* The IRQ's handler: counts by INTID, masks the timers' output that caused it. */
void gic_take(void);

#endif
