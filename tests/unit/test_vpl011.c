/*
 * The guest's PL011: registers as DDI 0183G has them, and the access sequences of Linux's
 * drivers/tty/serial/amba-pl011.c, which must find the device they expect.
 */
#include "dev/vpl011.h"

#include <stdio.h>
#include <string.h>

#include "dev/pl011_regs.h"
#include "irq/alarm.h"
#include "irq/irq.h"
#include "link/link.h"
#include "test.h"

#define BASE 0x9000000
#define INTID 77

static char sent[100000];
static size_t sent_length;
static unsigned frames;
static bool level;
static unsigned raised; /* calls with level true */

void link_send(enum link_channel channel, const void *payload, size_t length)
{
    EXPECT_EQ(channel, LINK_CONSOLE);
    memcpy(sent + sent_length, payload, length);
    sent_length += length;
    frames++;
}

void irq_set_guest_spi(uint32_t intid, bool now)
{
    EXPECT_EQ(intid, INTID);
    level = now;
    raised += now;
}

static bool armed, no_timer;

bool alarm_set(uint64_t microseconds)
{
    EXPECT(microseconds > 0 && microseconds <= 10000); /* nobody sees so short a delay */
    armed = !no_timer;
    return armed;
}

void alarm_cancel(void)
{
    armed = false;
}

static uint32_t get(uint32_t offset)
{
    struct mmio_access access = {.address = BASE + offset, .size_log2 = 2};
    EXPECT(vpl011_access(&access));
    return (uint32_t)access.value;
}

static void set(uint32_t offset, uint64_t value)
{
    struct mmio_access access = {
        .address = BASE + offset, .size_log2 = 2, .write = true, .value = value};
    EXPECT(vpl011_access(&access));
}

/* A UART as after a reset: reads all, turns all off. */
static void reset(void)
{
    vpl011_init(BASE, INTID);
    set(PL011_IMSC, 0);
    set(PL011_LCRH, PL011_LCRH_FEN);
    while (!(get(PL011_FR) & PL011_FR_RXFE))
        get(PL011_DR);
    set(PL011_LCRH, 0);
    set(PL011_ICR, PL011_INT_ALL);
    set(PL011_RSR_ECR, 0);
    set(PL011_IBRD, 0);
    set(PL011_FBRD, 0);
    vpl011_flush();
    sent_length = 0;
    frames = 0;
    raised = 0;
}

static bool sent_is(const char *text)
{
    return sent_length == strlen(text) && memcmp(sent, text, sent_length) == 0;
}

TEST(amba_bus_recognises_a_pl011_with_16_byte_fifos)
{
    uint32_t periphid = 0, cellid = 0;

    reset();
    /* amba_device_try_add(): four bytes each, from size - 0x20 and size - 0x10. */
    for (unsigned i = 0; i < 4; i++) {
        periphid |= (get(0xfe0 + 4 * i) & 255) << (i * 8);
        cellid |= (get(0xff0 + 4 * i) & 255) << (i * 8);
    }
    EXPECT_EQ(cellid, 0xb105f00d);
    EXPECT_EQ(periphid & 0x000fffff, 0x00041011);
    EXPECT((periphid >> 20 & 15) < 3); /* get_fifosize_arm() */
}

TEST(reset_values)
{
    reset();
    EXPECT_EQ(get(PL011_FR), PL011_FR_TXFE | PL011_FR_RXFE);
    EXPECT_EQ(get(PL011_CR), 0x300);
    EXPECT_EQ(get(PL011_IFLS), 0x12);
    EXPECT_EQ(get(PL011_IMSC), 0);
    EXPECT_EQ(get(PL011_RIS), 0);
    EXPECT_EQ(get(PL011_LCRH), 0);
}

TEST(registers_keep_the_bits_that_exist)
{
    reset();
    set(PL011_IBRD, 0xffffffff);
    set(PL011_FBRD, 0xffffffff);
    set(PL011_IMSC, 0xffffffff);
    EXPECT_EQ(get(PL011_IBRD), 0xffff);
    EXPECT_EQ(get(PL011_FBRD), 0x3f);
    EXPECT_EQ(get(PL011_IMSC), 0x7ff);
    set(0x100, 1);
    EXPECT_EQ(get(0x100), 0);
}

TEST(narrow_accesses_see_the_low_part_and_wide_ones_two_registers)
{
    struct mmio_access access = {.address = BASE + PL011_CR, .size_log2 = 0};

    reset();
    EXPECT(vpl011_access(&access));
    EXPECT_EQ(access.value, 0x00);
    access.size_log2 = 1;
    EXPECT(vpl011_access(&access));
    EXPECT_EQ(access.value, 0x300);
    access = (struct mmio_access){
        .address = BASE + PL011_CR, .size_log2 = 3, .write = true, .value = 0x1b00000301};
    EXPECT(vpl011_access(&access)); /* CR, and IFLS behind it */
    EXPECT_EQ(get(PL011_CR), 0x301);
    EXPECT_EQ(get(PL011_IFLS), 0x1b);
    access.write = false;
    access.value = 0;
    EXPECT(vpl011_access(&access));
    EXPECT_EQ(access.value, 0x1b00000301);
}

/* pl011_console_write(): CR is set and restored around the bytes, FR is read before each. */
TEST(a_line_of_the_kernel_is_one_frame)
{
    const char *line = "[    0.000000] Booting Linux\r\n";

    reset();
    set(PL011_CR, 0x301);
    for (const char *at = line; *at; at++) {
        EXPECT(!(get(PL011_FR) & PL011_FR_TXFF));
        set(PL011_DR, (uint8_t)*at);
    }
    EXPECT(!(get(PL011_FR) & PL011_FR_BUSY));
    set(PL011_CR, 0x300);
    EXPECT(sent_is(line));
    EXPECT_EQ(frames, 1);
}

/* pl011_putc() of earlycon: waits for TXFF before a byte and for BUSY after it. */
TEST(a_line_of_earlycon_is_one_frame)
{
    reset();
    for (const char *at = "early\n"; *at; at++) {
        while (get(PL011_FR) & PL011_FR_TXFF)
            ;
        set(PL011_DR, (uint8_t)*at);
        while (get(PL011_FR) & PL011_FR_BUSY)
            ;
    }
    EXPECT(sent_is("early\n"));
    EXPECT_EQ(frames, 1);
}

TEST(a_prompt_goes_out_when_the_guest_polls_for_input)
{
    reset();
    set(PL011_DR, '>');
    set(PL011_DR, ' ');
    EXPECT_EQ(frames, 0);
    for (unsigned i = 0; i < 3; i++)
        EXPECT(get(PL011_FR) & PL011_FR_RXFE);
    EXPECT(sent_is("> "));
}

TEST(a_prompt_goes_out_when_the_guest_masks_the_transmit_interrupt)
{
    reset();
    set(PL011_DR, '$');
    set(PL011_IMSC, PL011_INT_RX);
    EXPECT(sent_is("$"));
}

TEST(half_a_line_is_sent_by_an_alarm)
{
    reset();
    EXPECT(!armed);
    set(PL011_DR, '>');
    EXPECT(armed);
    EXPECT_EQ(sent_length, 0);
    set(PL011_DR, ' ');
    vpl011_flush(); /* the alarm */
    EXPECT_EQ(sent_length, 2);
    EXPECT(!armed);
    set(PL011_DR, 'a');
    EXPECT(armed);
    set(PL011_DR, '\n');
    EXPECT_EQ(sent_length, 4);
    EXPECT(!armed);
}

TEST(without_a_timer_each_byte_is_sent_at_once)
{
    reset();
    no_timer = true;
    set(PL011_DR, '>');
    no_timer = false;
    EXPECT_EQ(sent_length, 1);
}

TEST(flush_sends_half_a_line)
{
    reset();
    set(PL011_DR, 'x');
    vpl011_flush();
    EXPECT(sent_is("x"));
    vpl011_flush();
    EXPECT_EQ(frames, 1);
}

TEST(a_long_line_is_cut_not_lost)
{
    reset();
    for (unsigned i = 0; i < 1000; i++)
        set(PL011_DR, 'a' + i % 26);
    vpl011_flush();
    EXPECT_EQ(sent_length, 1000);
    EXPECT(frames > 1 && frames < 10);
    for (unsigned i = 0; i < 1000; i++)
        EXPECT_EQ(sent[i], 'a' + i % 26);
}

/* pl011_startup(), then pl011_int(): RIS & mask, ICR, FIFO until RXFE, RIS again. */
TEST(input_interrupts_and_is_read_whole)
{
    char text[3000], got[3001];
    unsigned count = 0;

    reset();
    for (unsigned i = 0; i < sizeof(text); i++)
        text[i] = (char)('a' + i % 23);
    set(PL011_LCRH, PL011_LCRH_FEN | PL011_LCRH_WLEN8);
    set(PL011_CR, 0x301);
    set(PL011_IMSC, PL011_INT_RX | PL011_INT_RT);
    EXPECT(!level);
    vpl011_receive(text, sizeof(text));
    EXPECT(level);

    uint32_t status;
    while ((status = get(PL011_RIS) & (PL011_INT_RX | PL011_INT_RT)) != 0) {
        set(PL011_ICR, status & ~(uint32_t)(PL011_INT_TX | PL011_INT_RT | PL011_INT_RX));
        while (!(get(PL011_FR) & PL011_FR_RXFE) && count < sizeof(text)) {
            uint32_t data = get(PL011_DR);
            EXPECT_EQ(data & ~UINT32_C(0xff), 0);
            got[count++] = (char)data;
        }
    }
    EXPECT(!level);
    EXPECT_EQ(count, sizeof(text));
    EXPECT(memcmp(got, text, sizeof(text)) == 0);
}

TEST(one_byte_raises_the_receive_timeout_only)
{
    reset();
    set(PL011_LCRH, PL011_LCRH_FEN);
    vpl011_receive("x", 1);
    EXPECT_EQ(get(PL011_RIS) & (PL011_INT_RX | PL011_INT_RT), PL011_INT_RT);
    EXPECT_EQ(get(PL011_DR), 'x');
    EXPECT_EQ(get(PL011_RIS) & (PL011_INT_RX | PL011_INT_RT), 0);
}

TEST(the_trigger_level_raises_the_receive_interrupt)
{
    static const unsigned triggers[] = {2, 4, 8, 12, 14};

    for (unsigned select = 0; select < 5; select++) {
        reset();
        set(PL011_LCRH, PL011_LCRH_FEN);
        set(PL011_IFLS, select << 3);
        for (unsigned n = 1; n <= 16; n++) {
            vpl011_receive("x", 1);
            EXPECT_EQ((get(PL011_RIS) & PL011_INT_RX) != 0, n >= triggers[select]);
        }
        EXPECT(get(PL011_FR) & PL011_FR_RXFF);
    }
}

TEST(without_fifos_there_is_one_byte_at_a_time)
{
    reset();
    vpl011_receive("ab", 2);
    EXPECT(get(PL011_FR) & PL011_FR_RXFF);
    EXPECT(get(PL011_RIS) & PL011_INT_RX);
    EXPECT_EQ(get(PL011_DR), 'a');
    EXPECT(get(PL011_RIS) & PL011_INT_RX);
    EXPECT_EQ(get(PL011_DR), 'b');
    EXPECT(!(get(PL011_RIS) & PL011_INT_RX));
    EXPECT(get(PL011_FR) & PL011_FR_RXFE);
}

TEST(clearing_an_interrupt_does_not_lose_input)
{
    reset();
    set(PL011_LCRH, PL011_LCRH_FEN);
    set(PL011_IMSC, PL011_INT_RX | PL011_INT_RT);
    vpl011_receive("xy", 2);
    set(PL011_ICR, PL011_INT_RX | PL011_INT_RT);
    EXPECT(!level);
    vpl011_receive("z", 1);
    EXPECT(level);
    EXPECT_EQ(get(PL011_DR), 'x');
    EXPECT_EQ(get(PL011_DR), 'y');
    EXPECT_EQ(get(PL011_DR), 'z');
    EXPECT(!level);
}

/* The line is pended, not held: while it is high, every access says so again. */
TEST(a_high_line_is_said_again)
{
    reset();
    set(PL011_LCRH, PL011_LCRH_FEN);
    set(PL011_IMSC, PL011_INT_RT);
    vpl011_receive("x", 1);
    unsigned before = raised;
    get(PL011_RIS);
    EXPECT_EQ(raised, before + 1);
}

TEST(writing_raises_the_transmit_interrupt_as_the_fifo_empties)
{
    reset();
    EXPECT(!(get(PL011_RIS) & PL011_INT_TX));
    set(PL011_DR, 'x');
    EXPECT(get(PL011_RIS) & PL011_INT_TX);
    EXPECT(!level);
    set(PL011_IMSC, PL011_INT_TX);
    EXPECT(level);
    EXPECT_EQ(get(PL011_MIS), PL011_INT_TX);
    set(PL011_IMSC, 0);
    EXPECT(!level);
}

TEST(loopback_gives_back_what_is_written)
{
    reset();
    set(PL011_CR, 0x301 | PL011_CR_LBE);
    set(PL011_DR, 'q');
    vpl011_flush();
    EXPECT_EQ(frames, 0);
    EXPECT_EQ(get(PL011_DR), 'q');
    set(PL011_CR, 0x300);
}

TEST(too_much_input_is_an_overrun)
{
    static char much[20000];

    reset();
    vpl011_receive(much, sizeof(much));
    EXPECT(get(PL011_RIS) & PL011_INT_OE);
    EXPECT(get(PL011_RSR_ECR) & PL011_RSR_OE);
    set(PL011_RSR_ECR, 0);
    EXPECT_EQ(get(PL011_RSR_ECR), 0);
}
