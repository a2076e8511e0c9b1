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
#include "trap/trap.h"

static void line(const char *format, ...)
{
    char text[200];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    console_line(text);
}

/* Offset in the image of an address of our text: what addr2line on vellum.elf understands. */
static uint64_t in_image(uint64_t pc)
{
    return pc - (uint64_t)image_start;
}

static bool in_own_memory(uint64_t address)
{
    return address >= vellum_range.start && address < vellum_range.start + vellum_range.size;
}

/* Return addresses, by the chain of frame records (AAPCS64, 6.4.6). */
static void backtrace(uint64_t fp)
{
    for (unsigned depth = 0; depth < 16 && in_own_memory(fp) && (fp & 15) == 0; depth++) {
        const uint64_t *record = (const uint64_t *)fp;

        line("  called from image+%#lx", (unsigned long)in_image(record[1] - 4));
        fp = record[0];
    }
}

static void describe_cpu(void)
{
    line("  cpu mpidr %#lx, esr_el2 %#lx far_el2 %#lx hpfar_el2 %#lx elr_el2 %#lx (image+%#lx)",
         (unsigned long)(sysreg_read(mpidr_el1) & MPIDR_AFFINITY),
         (unsigned long)sysreg_read(esr_el2), (unsigned long)sysreg_read(far_el2),
         (unsigned long)sysreg_read(hpfar_el2), (unsigned long)sysreg_read(elr_el2),
         (unsigned long)in_image(sysreg_read(elr_el2)));
}

void panic(const char *format, ...)
{
    char text[200];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    line("panic: %s", text);
    describe_cpu();
    backtrace((uint64_t)__builtin_frame_address(0));
    park();
}

static void describe_frame(const struct trap_frame *frame)
{
    for (unsigned i = 0; i < 30; i += 3)
        line("  x%-2u %016lx  x%-2u %016lx  x%-2u %016lx", i, (unsigned long)frame->x[i], i + 1,
             (unsigned long)frame->x[i + 1], i + 2, (unsigned long)frame->x[i + 2]);
    line("  x30 %016lx  pc  %016lx  pstate %08lx", (unsigned long)frame->x[30],
         (unsigned long)frame->pc, (unsigned long)frame->pstate);
}

void trap_el2(struct trap_frame *frame)
{
    uint64_t resume = guarded_resume(frame->pc);

    if (resume != 0) {
        frame->pc = resume;
        return;
    }
    line("panic: exception at EL2, esr %#lx at image+%#lx", (unsigned long)sysreg_read(esr_el2),
         (unsigned long)in_image(frame->pc));
    describe_cpu();
    describe_frame(frame);
    backtrace(frame->x[29]);
    park();
}

void trap_el2_stack_overflow(void)
{
    panic("stack overflow at EL2");
}
