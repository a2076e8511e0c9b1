/* The console below print(), check() and die(); see print.c. */
#ifndef PAYLOADS_LIB_PRINT_H
#define PAYLOADS_LIB_PRINT_H

#include <stdarg.h>

void console_init(void);

/* `prefix: mark` and then the format, whose arguments are taken from `args`. */
void print_line(const char *prefix, const char *mark, const char *format, va_list *args);

#endif
