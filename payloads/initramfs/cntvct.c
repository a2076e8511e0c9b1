/*
 * cntvct: prints CNTVCT_EL0, the time since reset in ticks of the guest's counter, in decimal.
 * No C library: it starts in a handful of instructions, so that the figure is the boot's.
 */
#include <stddef.h>
#include <stdint.h>

/* Numbers of Linux's asm-generic/unistd.h. */
#define SYSCALL_WRITE 64
#define SYSCALL_EXIT 93

static long syscall3(long number, long a, long b, long c)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;

    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    return x0;
}

void _start(void)
{
    uint64_t ticks;
    char text[24];
    size_t at = sizeof(text);

    __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(ticks));
    text[--at] = '\n';
    do {
        text[--at] = (char)('0' + ticks % 10);
        ticks /= 10;
    } while (ticks != 0);

    long length = (long)(sizeof(text) - at);
    long written = syscall3(SYSCALL_WRITE, 1, (long)&text[at], length);
    syscall3(SYSCALL_EXIT, written != length, 0, 0);
    __builtin_unreachable();
}
