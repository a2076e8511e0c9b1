/*
 * One CPU: system registers, barriers, exceptions, and the table of all CPUs.
 * Also included by the assembly, which takes the numbers of the first part.
 */
#ifndef PAYLOADS_LIB_CPU_H
#define PAYLOADS_LIB_CPU_H

#define MAX_CPUS 64
#define STACK_SIZE 8192
#define SCTLR_EL1_RES1 0x30d00800 /* SPAN, EIS, nTWE, nTWI... as Linux has them, all else off */

/* struct frame */
#define FRAME_ELR 160
#define FRAME_SIZE 176

/* Second argument of exception_take */
#define EXC_SYNC 0
#define EXC_IRQ 1
#define EXC_FIQ 2
#define EXC_SERROR 3
#define EXC_BAD 4

#ifndef __ASSEMBLER__
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BIT(n) (UINT64_C(1) << (n))

/* A name of the assembler's, or a macro that stands for one: S3_0_C12_C12_0. */
#define sysreg_read(name) sysreg_read_text(SYSREG_TEXT(name))
#define sysreg_write(name, value) sysreg_write_text(SYSREG_TEXT(name), value)
#define SYSREG_TEXT(name) SYSREG_TEXT_(name)
#define SYSREG_TEXT_(name) #name

#define sysreg_read_text(name)                                                                     \
    ({                                                                                             \
        uint64_t value_;                                                                           \
        __asm__ volatile("mrs %0, " name : "=r"(value_) : : "memory");                             \
        value_;                                                                                    \
    })
#define sysreg_write_text(name, value)                                                             \
    __asm__ volatile("msr " name ", %0" : : "r"((uint64_t)(value)) : "memory")

#define isb() __asm__ volatile("isb" : : : "memory")
#define dsb() __asm__ volatile("dsb sy" : : : "memory")
#define wfi() __asm__ volatile("wfi" : : : "memory")
#define wfe() __asm__ volatile("wfe" : : : "memory")
#define sev() __asm__ volatile("dsb ish; sev" : : : "memory")
#define irq_enable() __asm__ volatile("msr daifclr, #2" : : : "memory")
#define irq_disable() __asm__ volatile("msr daifset, #2" : : : "memory")

/* What an exception interrupted: registers that C may change. */
struct frame {
    uint64_t x0_to_x18[19];
    uint64_t x30;
    uint64_t elr;
    uint64_t spsr;
};
static_assert(offsetof(struct frame, elr) == FRAME_ELR, "vectors.S");
static_assert(sizeof(struct frame) == FRAME_SIZE, "vectors.S");

/* A fault that was expected: what the CPU said of it. */
struct fault {
    unsigned count;
    uint64_t esr;
    uint64_t far; /* meaningful for aborts only */
    uint64_t elr;
};

struct cpu {
    unsigned index; /* in the FDT's order */
    uint64_t mpidr; /* Aff3..Aff0 only */
    void (*volatile run)(void);
    volatile bool done;     /* `run` has returned */
    struct fault *fault;    /* not NULL: a synchronous exception is recorded here and skipped */
    uint64_t redistributor; /* base of its frames; 0 before gic_init_cpu */
    volatile unsigned irq_count[32]; /* SGIs and PPIs taken, by INTID */
};

extern struct cpu cpus[MAX_CPUS];
extern unsigned cpu_count;

static inline struct cpu *this_cpu(void)
{
    return (struct cpu *)sysreg_read(tpidr_el1);
}

/* CNTVCT_EL0, read in program order. */
static inline uint64_t counter_now(void)
{
    isb();
    uint64_t now = sysreg_read(cntvct_el0);
    isb();
    return now;
}

/* From here on a synchronous exception is written to `fault` and its instruction skipped. */
void fault_expect(struct fault *fault);
/* Back to: an exception is a failure. */
void fault_done(void);

/* Starts CPU `index` in run(), which ends in CPU_OFF. Returns PSCI's status. */
int64_t cpu_start(unsigned index, void (*run)(void));
/* Waits until run() has returned on that CPU. */
void cpu_wait(unsigned index);
/* run() on every CPU at once, this one included; waits for all of them. Ends the run on failure. */
void cpu_run_all(void (*run)(void));
/* Waits until `count` CPUs are here. One use of a counter a barrier. */
void cpu_meet(volatile unsigned *counter, unsigned count);

#endif
#endif
