/*
 * Driver of the PL011 UART. Called by link/over_pl011.c, and by lib/log.c before there is a link.
 * No lock: the link has its own, and the early console one CPU.
 */
#include "dev/pl011.h"

#include "dev/pl011_regs.h"
#include "lib/io.h"

static uint32_t get(uint64_t base, uint32_t offset)
{
    return io_read32(base + offset);
}

static void set(uint64_t base, uint32_t offset, uint64_t value)
{
    io_write32(base + offset, (uint32_t)value);
}

void pl011_start(uint64_t base)
{
    while (pl011_is_busy(base))
        ; /* what firmware wrote: LCRH must not change under it (3.3.8) */
    set(base, PL011_CR, 0);
    set(base, PL011_IMSC, 0);
    set(base, PL011_ICR, PL011_INT_ALL);
    set(base, PL011_LCRH, PL011_LCRH_FEN | PL011_LCRH_WLEN8);
    set(base, PL011_CR, PL011_CR_UARTEN | PL011_CR_TXE | PL011_CR_RXE);
    set(base, PL011_IMSC, PL011_INT_RX | PL011_INT_RT);
}

void pl011_write(uint64_t base, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        while (get(base, PL011_FR) & PL011_FR_TXFF)
            ;
        set(base, PL011_DR, (uint8_t)bytes[i]);
    }
}

int pl011_getc(uint64_t base)
{
    if (get(base, PL011_FR) & PL011_FR_RXFE)
        return -1;
    return (uint8_t)get(base, PL011_DR);
}

bool pl011_is_busy(uint64_t base)
{
    return get(base, PL011_FR) & PL011_FR_BUSY;
}

void pl011_acknowledge(uint64_t base)
{
    set(base, PL011_ICR, PL011_INT_RX | PL011_INT_RT);
}
