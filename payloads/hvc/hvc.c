/*
 * Vellum's hypercalls, on every CPU: the null call, who is there, and calls that nobody knows.
 * Bare, where no one serves HVC but PSCI at most, every answer is NOT_SUPPORTED.
 * expect=vellum: fail when it is not Vellum that answers.
 */
#include "lib/hypercall.h"
#include "lib/payload.h"
#include "lib/smccc.h"

const char payload_name[] = "hvc";

#define UNKNOWN_VENDOR 0x8600beef
#define UNKNOWN_STANDARD 0x8400ffff
#define UNKNOWN_64 0xc600beef
#define SMCCC_1_1 0x10001

static bool is_vellum(void)
{
    struct smccc_result uid = smccc_hvc(VELLUM_HVC_UID);

    return (uint32_t)uid.x0 == VELLUM_UID0 && (uint32_t)uid.x1 == VELLUM_UID1 &&
           (uint32_t)uid.x2 == VELLUM_UID2 && (uint32_t)uid.x3 == VELLUM_UID3;
}

/* A call must change nothing but x0..x3 (SMCCC 1.1): x4..x30 and sp keep their values. */
static bool registers_kept(void)
{
    register uint64_t x0 __asm__("x0") = VELLUM_HVC_NULL;
    uint64_t changed;

    __asm__ volatile(".irp n, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17\n"
                     "mov x\\n, #0x5a00 + \\n\n"
                     ".endr\n"
                     "hvc #0\n"
                     "mov x1, #0\n"
                     ".irp n, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17\n"
                     "mov x2, #0x5a00 + \\n\n"
                     "eor x2, x2, x\\n\n"
                     "orr x1, x1, x2\n"
                     ".endr\n"
                     "mov %1, x1\n"
                     : "+r"(x0), "=r"(changed)
                     :
                     : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12",
                       "x13", "x14", "x15", "x16", "x17", "memory");
    return changed == 0;
}

static void call_all(void)
{
    static const uint64_t unknown[] = {UNKNOWN_VENDOR, UNKNOWN_STANDARD, UNKNOWN_64};
    unsigned index = this_cpu()->index;

    for (unsigned i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        int64_t x0 = (int64_t)smccc_hvc(unknown[i]).x0;
        check(x0 == SMCCC_NOT_SUPPORTED, "cpu=%u function=0x%lx x0=%ld", index, unknown[i], x0);
    }
    int64_t null = (int64_t)smccc_hvc(VELLUM_HVC_NULL).x0;
    int64_t version = (int64_t)smccc_hvc(SMCCC_VERSION).x0;
    if (is_vellum()) {
        check(null == 0, "cpu=%u null call: x0=%ld", index, null);
        check(version == SMCCC_1_1, "cpu=%u SMCCC_VERSION: x0=0x%lx", index, version);
    } else {
        check(!arg_is("expect", "vellum"), "cpu=%u no Vellum at HVC", index);
        check(null == SMCCC_NOT_SUPPORTED, "cpu=%u null call without Vellum: x0=%ld", index, null);
    }
    check(registers_kept(), "cpu=%u a register other than x0..x3 changed", index);
}

void payload_run(void)
{
    cpu_run_all(call_all);
    print("ok vellum=%d cpus=%u version=0x%lx", is_vellum(), cpu_count,
          smccc_hvc(SMCCC_VERSION).x0);
}
