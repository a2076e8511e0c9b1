/*
 * The console of last resort (lib/console.h).
 */
#include "lib/console.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "dev/pl011.h"
#include "fw/machine.h"

/*
 * Where the UART is when the FDT does not say, because it is missing or broken: a build's choice,
 * QEMU virt's by default. Used for one line before parking and for nothing else.
 */
#ifndef LAST_RESORT_UART
#define LAST_RESORT_UART UINT64_C(0x09000000)
#endif

void console_line(const char *line)
{
    uint64_t base = machine.pl011.base ? machine.pl011.base : LAST_RESORT_UART;

    pl011_write(base, "vellum: ", 8);
    pl011_write(base, line, strlen(line));
    pl011_write(base, "\r\n", 2);
}

void park(void)
{
    for (;;)
        __asm__ volatile("wfi");
}

void cannot_start(const char *format, ...)
{
    static const char prefix[] = "cannot start: ";
    char line[256];
    va_list args;

    memcpy(line, prefix, sizeof(prefix));
    va_start(args, format);
    vsnprintf(line + sizeof(prefix) - 1, sizeof(line) - sizeof(prefix), format, args);
    va_end(args);
    console_line(line);
    park();
}
