/*
 * A PL011 for the guest, in EL2. Truth: DDI 0183G, and QEMU's hw/char/pl011.c where the manual leaves
 * a choice. Called from the trap path (vpl011_access) and from the link (vpl011_receive), under one
 * lock; the link's own locks are taken inside it, never around it.
 *
 * What is written leaves at once as far as the guest can see: the transmit FIFO is always empty. The
 * bytes are gathered into frames. One goes out at a newline, when the buffer is full, at any access
 * that is neither a DR write nor an FR read (every driver's next step after its last byte: a mask of
 * the interrupt, a restore of CR), and at the third FR read in a row (a wait for input). Half a line
 * whose writer then touches nothing more goes out a moment later, by an alarm.
 *
 * Input waits in a backlog, from where it fills the 16-byte receive FIFO as the guest reads.
 */
#include "dev/vpl011.h"

#include "dev/pl011_regs.h"
#include "irq/alarm.h"
#include "irq/irq.h"
#include "lib/lock.h"
#include "link/link.h"

#define FIFO_SIZE 16
#define BACKLOG_SIZE 16384 /* a power of two */
#define TRANSMIT_SIZE 256
#define MAX_FR_READS 2 /* earlycon: one for BUSY, one for TXFF, before each byte */

#define MOST_MICROSECONDS 5000 /* that a byte may be gathered for */

#define RESET_CR (PL011_CR_TXE | PL011_CR_RXE)
#define RESET_IFLS 0x12 /* both FIFOs half full */

/* PeriphID0..3, PCellID0..3: part 0x011, designer 0x41, revision r1p4 (which has 16-byte FIFOs). */
static const uint8_t ids[] = {0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

static struct {
    struct lock lock;
    uint64_t base;
    uint32_t intid;
    bool level; /* of the interrupt line */

    uint16_t ibrd, cr, imsc, ris;
    uint8_t rsr, ilpr, fbrd, lcrh, ifls, dmacr;

    uint8_t fifo[FIFO_SIZE];
    unsigned fifo_first, fifo_count;
    uint8_t backlog[BACKLOG_SIZE];
    unsigned backlog_first, backlog_count;

    char transmit[TRANSMIT_SIZE];
    unsigned transmit_count;
    unsigned fr_reads; /* in a row */
} uart;

void vpl011_init(uint64_t base, uint32_t intid)
{
    uart.base = base;
    uart.intid = intid;
    uart.cr = RESET_CR;
    uart.ifls = RESET_IFLS;
}

static void flush(void)
{
    if (uart.transmit_count > 0) {
        alarm_cancel(); /* of another CPU it goes off, and finds nothing to do */
        link_send(LINK_CONSOLE, uart.transmit, uart.transmit_count);
    }
    uart.transmit_count = 0;
    uart.fr_reads = 0;
}

static void update_interrupt(void)
{
    bool level = uart.ris & uart.imsc;

    /* Said again while it is high: the line is made of pending states, and the guest's acknowledge
     * takes one away that a level would keep. */
    if (level || uart.level)
        irq_set_guest_spi(uart.intid, level);
    uart.level = level;
}

/* How many bytes the receive FIFO holds: without FEN it is one deep. */
static unsigned fifo_size(void)
{
    return uart.lcrh & PL011_LCRH_FEN ? FIFO_SIZE : 1;
}

/* How many bytes raise the receive interrupt: UARTIFLS, 3.3.10: 1/8, 1/4, 1/2, 3/4, 7/8. */
static unsigned fifo_trigger(void)
{
    static const uint8_t triggers[8] = {2, 4, 8, 12, 14, 14, 14, 14};

    return uart.lcrh & PL011_LCRH_FEN ? triggers[PL011_IFLS_RX(uart.ifls)] : 1;
}

static void backlog_put(uint8_t byte)
{
    if (uart.backlog_count == BACKLOG_SIZE) {
        uart.rsr |= PL011_RSR_OE;
        uart.ris |= PL011_INT_OE;
        return;
    }
    uart.backlog[(uart.backlog_first + uart.backlog_count++) % BACKLOG_SIZE] = byte;
}

/* Moves what has room from the backlog to the FIFO. The line then falls idle: receive timeout. */
static void fill_fifo(void)
{
    if (uart.backlog_count == 0 || uart.fifo_count >= fifo_size())
        return;
    while (uart.backlog_count > 0 && uart.fifo_count < fifo_size()) {
        uint8_t byte = uart.backlog[uart.backlog_first];
        uart.backlog_first = (uart.backlog_first + 1) % BACKLOG_SIZE;
        uart.backlog_count--;
        uart.fifo[(uart.fifo_first + uart.fifo_count++) % FIFO_SIZE] = byte;
    }
    if (uart.fifo_count >= fifo_trigger())
        uart.ris |= PL011_INT_RX;
    if (uart.lcrh & PL011_LCRH_FEN)
        uart.ris |= PL011_INT_RT;
}

static uint64_t read_data(void)
{
    uint8_t byte = 0;

    if (uart.fifo_count > 0) {
        byte = uart.fifo[uart.fifo_first];
        uart.fifo_first = (uart.fifo_first + 1) % FIFO_SIZE;
        uart.fifo_count--;
    }
    if (uart.fifo_count < fifo_trigger())
        uart.ris &= (uint16_t)~PL011_INT_RX;
    if (uart.fifo_count == 0)
        uart.ris &= (uint16_t)~PL011_INT_RT;
    fill_fifo();
    return byte;
}

static void write_data(uint8_t byte)
{
    uart.fr_reads = 0;
    uart.ris |= PL011_INT_TX; /* the FIFO, always empty, has passed its trigger level again */
    if (uart.cr & PL011_CR_LBE) {
        backlog_put(byte);
        fill_fifo();
        return;
    }
    uart.transmit[uart.transmit_count++] = (char)byte;
    if (byte == '\n' || uart.transmit_count == TRANSMIT_SIZE)
        flush();
    else if (uart.transmit_count == 1 && !alarm_set(MOST_MICROSECONDS))
        flush();
}

static uint64_t read_flags(void)
{
    uint64_t flags = PL011_FR_TXFE;

    if (++uart.fr_reads > MAX_FR_READS)
        flush();
    if (uart.fifo_count == 0)
        flags |= PL011_FR_RXFE;
    if (uart.fifo_count == fifo_size())
        flags |= PL011_FR_RXFF;
    return flags;
}

/* LCRH: turning the FIFOs on or off empties them (QEMU; the manual wants the UART disabled). */
static void write_line_control(uint8_t value)
{
    if ((uart.lcrh ^ value) & PL011_LCRH_FEN) {
        uart.fifo_count = 0;
        uart.ris &= (uint16_t) ~(PL011_INT_RX | PL011_INT_RT);
    }
    uart.lcrh = value;
    fill_fifo();
}

static uint64_t read_register(uint32_t offset)
{
    if (offset >= PL011_PERIPH_ID0)
        return ids[(offset - PL011_PERIPH_ID0) / 4];
    switch (offset) {
    case PL011_DR:
        return read_data();
    case PL011_RSR_ECR:
        return uart.rsr;
    case PL011_FR:
        return read_flags();
    case PL011_ILPR:
        return uart.ilpr;
    case PL011_IBRD:
        return uart.ibrd;
    case PL011_FBRD:
        return uart.fbrd;
    case PL011_LCRH:
        return uart.lcrh;
    case PL011_CR:
        return uart.cr;
    case PL011_IFLS:
        return uart.ifls;
    case PL011_IMSC:
        return uart.imsc;
    case PL011_RIS:
        return uart.ris;
    case PL011_MIS:
        return uart.ris & uart.imsc;
    case PL011_DMACR:
        return uart.dmacr;
    default: /* reserved, or write-only: ICR */
        return 0;
    }
}

static void write_register(uint32_t offset, uint64_t value)
{
    switch (offset) {
    case PL011_DR:
        write_data((uint8_t)value);
        break;
    case PL011_RSR_ECR:
        uart.rsr = 0;
        break;
    case PL011_ILPR:
        uart.ilpr = (uint8_t)value;
        break;
    case PL011_IBRD:
        uart.ibrd = (uint16_t)value;
        break;
    case PL011_FBRD:
        uart.fbrd = value & 0x3f;
        break;
    case PL011_LCRH:
        write_line_control((uint8_t)value);
        break;
    case PL011_CR:
        uart.cr = (uint16_t)value;
        break;
    case PL011_IFLS:
        uart.ifls = value & 0x3f;
        break;
    case PL011_IMSC:
        uart.imsc = value & PL011_INT_ALL;
        break;
    case PL011_ICR:
        uart.ris &= (uint16_t)~value;
        break;
    case PL011_DMACR: /* no DMA controller is wired to it: it reads back, and does nothing */
        uart.dmacr = value & 7;
        break;
    default: /* reserved, or read-only */
        break;
    }
}

/* At most 4 bytes: the PL011 sits on a 32-bit bus. */
static void access_one(struct mmio_access *access)
{
    uint32_t offset = (access->address - uart.base) & 0xffc; /* 4 KiB, each register 4 bytes */

    if (offset != PL011_FR && !(offset == PL011_DR && access->write))
        flush();
    if (access->write)
        write_register(offset, access->value);
    else
        access->value = read_register(offset) & (BIT(8U << access->size_log2) - 1);
}

/* Of 8 bytes the bus makes two accesses, the lower address first, as QEMU does for its PL011. */
bool vpl011_access(struct mmio_access *access)
{
    struct mmio_access low = *access, high = *access;

    lock_take(&uart.lock);
    if (access->size_log2 < 3) {
        access_one(access);
    } else {
        low.size_log2 = high.size_log2 = 2;
        low.value = (uint32_t)access->value;
        high.value = access->value >> 32;
        high.address += 4;
        access_one(&low);
        access_one(&high);
        access->value = low.value | high.value << 32;
    }
    update_interrupt();
    lock_drop(&uart.lock);
    return true;
}

void vpl011_receive(const void *bytes, size_t length)
{
    const uint8_t *at = bytes;

    lock_take(&uart.lock);
    for (size_t i = 0; i < length; i++)
        backlog_put(at[i]);
    fill_fifo();
    update_interrupt();
    lock_drop(&uart.lock);
}

void vpl011_flush(void)
{
    lock_take(&uart.lock);
    flush();
    lock_drop(&uart.lock);
}
