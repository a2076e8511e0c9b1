/*
 * Runs the tests of one executable. Last line of output: "N passed, N failed". Also what every
 * executable needs of Vellum: panic, which fails the test, and log_line, which is quiet.
 */
#include "test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/log.h"

#define MAX_TESTS 200

static struct {
    const char *name;
    test_function *function;
} tests[MAX_TESTS];
static unsigned test_count;
static jmp_buf failed;
static char message[512];

void test_add(const char *name, test_function *function)
{
    if (test_count == MAX_TESTS)
        abort();
    tests[test_count].name = name;
    tests[test_count++].function = function;
}

void test_fail(const char *file, int line, const char *format, ...)
{
    va_list arguments;
    int length = snprintf(message, sizeof(message), "%s:%d: ", file, line);

    va_start(arguments, format);
    vsnprintf(message + length, sizeof(message) - (size_t)length, format, arguments);
    va_end(arguments);
    longjmp(failed, 1);
}

uint32_t test_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33);
}

void panic(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    longjmp(failed, 1);
}

void log_line(const char *format, ...)
{
    (void)format;
}

static bool passes(test_function *function)
{
    if (setjmp(failed) != 0)
        return false;
    function();
    return true;
}

int main(int argc, char **argv)
{
    unsigned failures = 0;

    (void)argc;
    /* What a sanitizer ends before exit has flushed is told all the same. */
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (unsigned i = 0; i < test_count; i++) {
        if (passes(tests[i].function))
            continue;
        failures++;
        printf("FAILED %s: %s: %s\n", argv[0], tests[i].name, message);
    }
    printf("%u passed, %u failed\n", test_count - failures, failures);
    return failures != 0;
}
