/*
 * What a payload is made of: it defines payload_name and payload_run, the library does the rest.
 *
 * Output is one line a fact, `NAME: word key=value ...`; a failed check is `NAME: FAILED ...`, and
 * the last line is `NAME: done failures=N`. Then the machine goes off, or resets with end=reset.
 */
#ifndef PAYLOADS_LIB_PAYLOAD_H
#define PAYLOADS_LIB_PAYLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/cpu.h"
#include "lib/machine.h"

/* The body, on the boot CPU with IRQs masked. Returning ends the run. */
void payload_run(void);

/* What every line begins with; defined by the payload. */
extern const char payload_name[];

extern const char image[];   /* where the payload was loaded */
extern unsigned start_level; /* the exception level that we were started at: 1 or 2 */

/* One line. Conversions: %s %c %u %d %x, with l for 64 bits, and %%. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Counts a failure and prints `FAILED` with the line, unless `good`. Returns `good`. */
bool check(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints the failure and turns the machine off, from any CPU. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
