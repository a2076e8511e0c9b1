/*
 * The console of last resort: the machine's UART, straight. Before the link is up, and in a panic.
 */
#ifndef VELLUM_LIB_CONSOLE_H
#define VELLUM_LIB_CONSOLE_H

/* Says why Vellum cannot start, as one line, and parks this CPU. */
_Noreturn void cannot_start(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* One line on the UART, with "vellum: " before it. */
void console_line(const char *line);

_Noreturn void park(void);

#endif
