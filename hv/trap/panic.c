/*
 * When Vellum itself is wrong: everything there is to know, on the UART, then the CPU parks.
 * Exceptions taken at EL2 come here too, unless they belong to a guarded access.
 */
#include <stdarg.h>
#include <stdio.h>

#include "cpu/cpu.h"
#include "entry/layout.h"
#include "lib/console.h"
#include "lib/guarded.h"
#include "lib/log.h"
#include "link/deadline.h"
#include "link/link.h"
#include "trap/trap.h"

/* For what another CPU has to say, which is as long; a panic inside of a panic waits in vain. */
#define PATIENCE_MICROSECONDS 1000000

static void line(const char *format, ...)
{
    char text[200];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    console_line(text);
}

/* One CPU at a time, as long as it gets on; on a UART that carries the link, between its frames. */
static void begin(void)
{
    static bool speaking;
    uint64_t deadline = deadline_after(PATIENCE_MICROSECONDS);

    while (__atomic_test_and_set(&speaking, __ATOMIC_ACQUIRE) && !deadline_passed(deadline))
        __asm__ volatile("yield");
    link_seize();
}

static bool in_own_memory(uint64_t address)
{
    return address >= vellum_range.start && address < vellum_range.start + vellum_range.size;
}

static bool in_own_text(uint64_t address)
{
    return address >= (uint64_t)image_start && address < (uint64_t)image_text_end;
}

/* An address of our image as an offset in it, which addr2line on vellum.elf understands. */
struct place {
    char text[32];
};

static struct place place_of(uint64_t address)
{
    bool ours = address >= (uint64_t)image_start && address < (uint64_t)image_end;
    struct place place;

    snprintf(place.text, sizeof(place.text), "%s%#lx", ours ? "image+" : "",
             (unsigned long)(ours ? address - (uint64_t)image_start : address));
    return place;
}

static void called_from(uint64_t return_address)
{
    line("  called from %s", place_of(return_address - 4).text);
}

/*
 * The link register, then return addresses by the chain of frame records (AAPCS64, 6.4.6). That ends
 * where Vellum was entered: the frame pointer there is the guest's, and may be anything.
 */
static void backtrace(uint64_t lr, uint64_t fp)
{
    uint64_t caller, next;

    if (in_own_text(lr))
        called_from(lr);
    for (unsigned depth = 0; depth < 16 && in_own_memory(fp) && (fp & 15) == 0; depth++) {
        if (!guarded_read(fp + 8, 3, &caller) || !in_own_text(caller) ||
            !guarded_read(fp, 3, &next))
            return;
        if (depth > 0 || caller != lr)
            called_from(caller);
        fp = next;
    }
}

static void describe_cpu(void)
{
    line("  cpu mpidr %#lx, esr_el2 %#lx far_el2 %#lx hpfar_el2 %#lx elr_el2 %#lx",
         (unsigned long)(sysreg_read(mpidr_el1) & MPIDR_AFFINITY),
         (unsigned long)sysreg_read(esr_el2), (unsigned long)sysreg_read(far_el2),
         (unsigned long)sysreg_read(hpfar_el2), (unsigned long)sysreg_read(elr_el2));
}

void panic(const char *format, ...)
{
    char text[200];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    begin();
    line("panic: %s", text);
    describe_cpu();
    backtrace((uint64_t)__builtin_return_address(0), (uint64_t)__builtin_frame_address(0));
    park();
}

static void describe_frame(const struct trap_frame *frame, uint64_t sp)
{
    for (unsigned i = 0; i < 30; i += 3)
        line("  x%-2u %016lx  x%-2u %016lx  x%-2u %016lx", i, (unsigned long)frame->x[i], i + 1,
             (unsigned long)frame->x[i + 1], i + 2, (unsigned long)frame->x[i + 2]);
    line("  x30 %016lx  sp  %016lx  pc  %016lx  pstate %08lx", (unsigned long)frame->x[30],
         (unsigned long)sp, (unsigned long)frame->pc, (unsigned long)frame->pstate);
}

/* `what` happened at `frame`. */
static _Noreturn void die_at(const char *what, const struct trap_frame *frame, uint64_t sp)
{
    begin();
    line("panic: %s, esr %#lx at %s", what, (unsigned long)sysreg_read(esr_el2),
         place_of(frame->pc).text);
    describe_cpu();
    describe_frame(frame, sp);
    backtrace(frame->x[30], frame->x[29]);
    park();
}

void trap_el2(struct trap_frame *frame)
{
    uint64_t resume = guarded_resume(frame->pc);

    if (resume != 0) {
        frame->pc = resume;
        return;
    }
    die_at("exception at EL2", frame, (uint64_t)(frame + 1));
}

void trap_el2_stack_overflow(const struct trap_frame *frame, uint64_t sp)
{
    die_at("stack overflow at EL2", frame, sp);
}
