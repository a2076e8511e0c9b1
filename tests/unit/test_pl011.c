/* The PL011 driver against a UART written here, and the link's transport over it. */
#include "dev/pl011.h"

#include <setjmp.h>
#include <string.h>

#include "dev/pl011_regs.h"
#include "lib/io.h"
#include "link/deadline.h"
#include "link/transport.h"
#include "test.h"

#define BASE 0x9000000

static struct {
    uint32_t cr, lcrh, imsc, cleared;
    unsigned full; /* TXFF for so many reads of FR after each byte */
    unsigned wait;
    char sent[1000];
    size_t sent_length;
    const char *input;
    size_t panic_at; /* this many bytes sent: the CPU that sends goes no further */
    jmp_buf panic;
} uart;

uint64_t deadline_counter(void)
{
    static uint64_t now;

    return now += 1000;
}

uint32_t io_read32(uint64_t address)
{
    switch (address - BASE) {
    case PL011_FR:
        if (uart.wait > 0) {
            uart.wait--;
            return PL011_FR_TXFF | PL011_FR_BUSY;
        }
        return PL011_FR_TXFE | (*uart.input ? 0 : PL011_FR_RXFE);
    case PL011_DR:
        EXPECT(*uart.input);
        return (uint8_t)*uart.input++ | 0x800; /* OE beside the byte */
    default:
        test_fail(__FILE__, __LINE__, "read of %#llx", (unsigned long long)address);
    }
}

void io_write32(uint64_t address, uint32_t value)
{
    switch (address - BASE) {
    case PL011_DR:
        EXPECT_EQ(uart.wait, 0);
        uart.sent[uart.sent_length++] = (char)value;
        uart.wait = uart.full;
        if (uart.sent_length == uart.panic_at)
            longjmp(uart.panic, 1);
        break;
    case PL011_LCRH:
        EXPECT_EQ(uart.cr & PL011_CR_UARTEN, 0); /* 3.3.7: only while the UART is disabled */
        EXPECT_EQ(uart.wait, 0);
        uart.lcrh = value;
        break;
    case PL011_CR:
        uart.cr = value;
        break;
    case PL011_IMSC:
        uart.imsc = value;
        break;
    case PL011_ICR:
        uart.cleared |= value;
        break;
    default:
        test_fail(__FILE__, __LINE__, "write of %#llx", (unsigned long long)address);
    }
}

static void reset(void)
{
    memset(&uart, 0, sizeof(uart));
    uart.cr = PL011_CR_UARTEN | PL011_CR_TXE;
    uart.input = "";
}

TEST(start_waits_for_what_firmware_writes_then_enables_all)
{
    reset();
    uart.wait = 10;
    pl011_start(BASE);
    EXPECT_EQ(uart.cr, 0x301);
    EXPECT_EQ(uart.lcrh, 0x70);
    EXPECT_EQ(uart.imsc, PL011_INT_RX | PL011_INT_RT);
    EXPECT_EQ(uart.cleared, PL011_INT_ALL);
}

TEST(write_waits_for_room)
{
    reset();
    uart.full = 3;
    pl011_write(BASE, "hello", 5);
    EXPECT(memcmp(uart.sent, "hello", 5) == 0);
}

TEST(getc_drops_the_error_flags_and_says_when_there_is_none)
{
    reset();
    uart.input = "\xff";
    EXPECT_EQ(pl011_getc(BASE), 0xff);
    EXPECT(pl011_getc(BASE) == -1);
}

static char received[300];
static size_t received_length;

static void sink(const uint8_t *bytes, size_t length)
{
    memcpy(received + received_length, bytes, length);
    received_length += length;
}

TEST(the_transport_sends_a_frame_before_it_returns)
{
    struct link_frame frame = {.magic = LINK_MAGIC};
    struct link_tx tx = {.frame = &frame, .busy = true};
    static struct machine machine = {.pl011 = {.base = BASE}};

    reset();
    EXPECT(over_pl011.start(&machine) == &machine.pl011);
    EXPECT(over_pl011.send(&tx, sizeof(frame)));
    EXPECT(!tx.busy);
    EXPECT_EQ(uart.sent_length, sizeof(frame));
    EXPECT(memcmp(uart.sent, &frame, sizeof(frame)) == 0);
    EXPECT(over_pl011.is_idle());
}

TEST(a_panic_amid_a_frame_fills_it_up_and_marks_its_end)
{
    struct link_frame frame = {.magic = LINK_MAGIC};
    struct link_tx tx = {.frame = &frame, .busy = true};
    static struct machine machine = {.pl011 = {.base = BASE}};

    reset();
    over_pl011.start(&machine);
    uart.panic_at = 7;
    if (setjmp(uart.panic) == 0)
        over_pl011.send(&tx, sizeof(frame));
    over_pl011.seize("mark", 4);
    /* One zero more: whether the last byte of its frame was sent, a CPU that panics cannot know. */
    size_t zeros = sizeof(frame) - 7 + 1;
    EXPECT_EQ(uart.sent_length, 7 + zeros + 4);
    EXPECT(memcmp(uart.sent, &frame, 7) == 0);
    EXPECT(memcmp(uart.sent + 7, (char[sizeof(frame)]){0}, zeros) == 0);
    EXPECT(memcmp(uart.sent + 7 + zeros, "mark", 4) == 0);
    EXPECT(!over_pl011.send(&tx, sizeof(frame)));
    EXPECT_EQ(uart.sent_length, 7 + zeros + 4);
}

TEST(a_panic_between_frames_adds_nothing)
{
    struct link_frame frame = {.magic = LINK_MAGIC};
    struct link_tx tx = {.frame = &frame, .busy = true};
    static struct machine machine = {.pl011 = {.base = BASE}};

    reset();
    over_pl011.start(&machine);
    EXPECT(over_pl011.send(&tx, sizeof(frame)));
    over_pl011.seize("mark", 4);
    EXPECT_EQ(uart.sent_length, sizeof(frame));
}

TEST(the_transport_receives_all_there_is)
{
    static const char text[] =
        "more than the sixty-four bytes of one chunk, so that it takes more than one of them, and "
        "a rest that fills none";

    reset();
    uart.input = text;
    received_length = 0;
    over_pl011.receive(sink);
    EXPECT_EQ(received_length, sizeof(text) - 1);
    EXPECT(memcmp(received, text, received_length) == 0);
}

TEST(the_transport_needs_a_uart)
{
    static struct machine machine;

    EXPECT(over_pl011.start(&machine) == NULL);
}
