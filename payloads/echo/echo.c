/*
 * Sends back every byte that is typed: sleeps in WFI, and is woken by the PL011's receive interrupt
 * alone. A prompt without a newline first, then the UART is left alone: both it and the last byte sent
 * back must reach the user although nothing is done behind them. Ctrl-D ends the run.
 */
#include "lib/gic.h"
#include "lib/io.h"
#include "lib/payload.h"

const char payload_name[] = "echo";

#define UARTDR 0x00
#define UARTFR 0x18
#define UARTFR_RXFE BIT(4)
#define UARTFR_TXFF BIT(5)
#define UARTLCR_H 0x2c
#define UARTLCR_H_FEN BIT(4)
#define UARTLCR_H_WLEN8 (3 << 5)
#define UARTIMSC 0x38
#define UARTICR 0x44
#define UART_RX_INTERRUPTS (BIT(4) | BIT(6)) /* RXIM, RTIM */
#define CTRL_D 4

static volatile bool ended;
static volatile unsigned interrupts, received;

static void send(char c)
{
    while (io_read32(machine.pl011 + UARTFR) & UARTFR_TXFF)
        ;
    io_write32(machine.pl011 + UARTDR, (unsigned char)c);
}

/* Acknowledged first, so that what comes meanwhile interrupts again; then all there is. */
static void take(void)
{
    interrupts++;
    io_write32(machine.pl011 + UARTICR, UART_RX_INTERRUPTS);
    while (!(io_read32(machine.pl011 + UARTFR) & UARTFR_RXFE)) {
        char c = (char)io_read32(machine.pl011 + UARTDR);

        if (c == CTRL_D) {
            ended = true;
            return;
        }
        received++;
        send(c);
    }
}

void payload_run(void)
{
    gic_init();
    gic_init_cpu();
    gic_enable_spi(machine.pl011_intid, take);
    io_write32(machine.pl011 + UARTLCR_H, UARTLCR_H_FEN | UARTLCR_H_WLEN8);
    io_write32(machine.pl011 + UARTIMSC, UART_RX_INTERRUPTS);
    for (const char *c = "echo> "; *c != '\0'; c++)
        send(*c);
    while (!ended) {
        wfi();
        irq_enable();
        isb();
        irq_disable();
    }
    io_write32(machine.pl011 + UARTIMSC, 0);
    send('\n');
    print("received=%u", received);
    check(interrupts > 0 && interrupts <= received + 1, "%u interrupts for %u bytes", interrupts,
          received + 1);
}
