/* The console: a PL011, polled, one line at a time whichever CPU prints. */
#include "lib/print.h"

#include "lib/cpu.h"
#include "lib/io.h"
#include "lib/machine.h"

#define UARTDR 0x00
#define UARTFR 0x18
#define UARTFR_TXFF BIT(5)
#define UARTCR 0x30
#define UARTCR_ON (BIT(0) | BIT(8) | BIT(9)) /* UARTEN, TXE, RXE */

static volatile bool locked;

void console_init(void)
{
    io_write32(machine.pl011 + UARTCR, UARTCR_ON);
}

static void put(char c)
{
    while (io_read32(machine.pl011 + UARTFR) & UARTFR_TXFF)
        ;
    io_write32(machine.pl011 + UARTDR, (unsigned char)c);
}

static void put_string(const char *text)
{
    while (*text != '\0')
        put(*text++);
}

static void put_number(uint64_t value, unsigned base)
{
    char digits[20];
    unsigned count = 0;

    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    while (count > 0)
        put(digits[--count]);
}

static void put_signed(int64_t value)
{
    if (value < 0)
        put('-');
    put_number(value < 0 ? -(uint64_t)value : (uint64_t)value, 10);
}

/* The conversion at `format`, behind the %; returns its last character. */
static const char *put_conversion(const char *format, va_list *args)
{
    bool wide = *format == 'l';

    if (wide)
        format++;
    switch (*format) {
    case 's':
        put_string(va_arg(*args, const char *));
        break;
    case 'c':
        put((char)va_arg(*args, int));
        break;
    case 'u':
    case 'x':
        put_number(wide ? va_arg(*args, uint64_t) : va_arg(*args, unsigned),
                   *format == 'u' ? 10 : 16);
        break;
    case 'd':
        put_signed(wide ? va_arg(*args, int64_t) : va_arg(*args, int));
        break;
    default:
        put(*format);
    }
    return format;
}

void print_line(const char *prefix, const char *mark, const char *format, va_list *args)
{
    uint64_t daif = sysreg_read(daif);

    irq_disable();
    while (__atomic_test_and_set(&locked, __ATOMIC_ACQUIRE))
        wfe();
    put_string(prefix);
    put_string(": ");
    put_string(mark);
    for (; *format != '\0'; format++) {
        if (*format == '%')
            format = put_conversion(format + 1, args);
        else
            put(*format);
    }
    put_string("\r\n");
    __atomic_clear(&locked, __ATOMIC_RELEASE);
    sev();
    sysreg_write(daif, daif);
}
