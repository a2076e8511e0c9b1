/*
 * Lines for people (lib/log.h): over the link once it is up, before that on the UART.
 */
#include "lib/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/console.h"
#include "lib/types.h"
#include "link/link.h"

#define LINE_MAX 200

void log_line(const char *format, ...)
{
    char line[LINE_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (link_device() != NULL)
        link_send(LINK_LOG, line, strlen(line));
    else
        console_line(line);
}
