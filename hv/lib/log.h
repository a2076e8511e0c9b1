/*
 * What Vellum says: lines for people, on the link's log channel once the link is up, before that
 * on the console UART. Never from the trap path, which records instead.
 */
#ifndef VELLUM_LIB_LOG_H
#define VELLUM_LIB_LOG_H

/* One line, printf-like, no newline needed; at most 200 bytes are kept. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same, always on the console UART too, then the machine parks for good. */
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* An invariant of our own: false means a bug in Vellum. */
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (__builtin_expect(!(condition), 0))                                                     \
            panic("%s:%d: CHECK(%s) failed", __FILE__, __LINE__, #condition);                      \
    } while (0)

#endif
