/*
 * Registers of the Arm PrimeCell UART, PL011: Technical Reference Manual r1p5, DDI 0183G, chapter 3
 * "Programmers Model". Used by the driver (dev/pl011.c) and by the model (dev/vpl011.c).
 */
#ifndef VELLUM_DEV_PL011_REGS_H
#define VELLUM_DEV_PL011_REGS_H

#include "lib/types.h"

#define PL011_DR 0x000
#define PL011_RSR_ECR 0x004
#define PL011_FR 0x018
#define PL011_ILPR 0x020
#define PL011_IBRD 0x024
#define PL011_FBRD 0x028
#define PL011_LCRH 0x02c
#define PL011_CR 0x030
#define PL011_IFLS 0x034
#define PL011_IMSC 0x038
#define PL011_RIS 0x03c
#define PL011_MIS 0x040
#define PL011_ICR 0x044
#define PL011_DMACR 0x048
#define PL011_PERIPH_ID0 0xfe0 /* then PeriphID1..3, PCellID0..3, 4 bytes each */

/* UARTRSR */
#define PL011_RSR_OE BIT(3)

/* UARTFR */
#define PL011_FR_BUSY BIT(3)
#define PL011_FR_RXFE BIT(4)
#define PL011_FR_TXFF BIT(5)
#define PL011_FR_RXFF BIT(6)
#define PL011_FR_TXFE BIT(7)

/* UARTLCR_H */
#define PL011_LCRH_FEN BIT(4)
#define PL011_LCRH_WLEN8 (UINT64_C(3) << 5)

/* UARTCR */
#define PL011_CR_UARTEN BIT(0)
#define PL011_CR_LBE BIT(7)
#define PL011_CR_TXE BIT(8)
#define PL011_CR_RXE BIT(9)

/* UARTIFLS: which sixteenth or so of the FIFO raises the receive interrupt */
#define PL011_IFLS_RX(ifls) FIELD(ifls, 5, 3)

/* UARTIMSC, UARTRIS, UARTMIS, UARTICR */
#define PL011_INT_RX BIT(4)
#define PL011_INT_TX BIT(5)
#define PL011_INT_RT BIT(6)
#define PL011_INT_OE BIT(10)
#define PL011_INT_ALL UINT64_C(0x7ff)

#endif
