/*
 * What must come back to the guest as the architecture says: external aborts where nothing answers,
 * UNDEF for what EL1 does not have.
 * nothing=ADDRESS: where nothing is (by default the first byte behind RAM, which under Vellum is
 * RAM that it keeps to itself).
 */
#include "lib/io.h"
#include "lib/payload.h"

const char payload_name[] = "faults";

#define ESR_EC(esr) ((esr) >> 26 & 0x3f)
#define ESR_FSC(esr) ((esr)&0x3f)
#define ESR_WNR BIT(6)
#define EC_UNKNOWN 0x00
#define EC_INSTRUCTION_ABORT 0x21
#define EC_DATA_ABORT 0x25
#define FSC_EXTERNAL 0x10

static uint64_t nothing;

/* Every kind of load and store of 1 to 8 bytes, at `nothing` + i */
enum access { READ8, READ16, READ32, READ64, WRITE8, WRITE16, WRITE32, WRITE64, ACCESS_COUNT };
static const char *const access_names[] = {"read8",  "read16",  "read32",  "read64",
                                           "write8", "write16", "write32", "write64"};

static void access(enum access kind, uint64_t address)
{
    switch (kind) {
    case READ8:
        io_read8(address);
        break;
    case READ16:
        io_read16(address);
        break;
    case READ32:
        io_read32(address);
        break;
    case READ64:
        io_read64(address);
        break;
    case WRITE8:
        io_write8(address, 0);
        break;
    case WRITE16:
        io_write16(address, 0);
        break;
    case WRITE32:
        io_write32(address, 0);
        break;
    default:
        io_write64(address, 0);
    }
}

static void test_aborts(void)
{
    for (enum access kind = READ8; kind < ACCESS_COUNT; kind++) {
        uint64_t address = nothing + 16 * kind;
        struct fault fault;
        fault_expect(&fault);
        access(kind, address);
        fault_done();
        print("%s count=%u ec=0x%lx fsc=0x%lx wnr=%d far_ok=%d", access_names[kind], fault.count,
              ESR_EC(fault.esr), ESR_FSC(fault.esr), (fault.esr & ESR_WNR) != 0,
              fault.far == address);
        check(fault.count == 1 && ESR_EC(fault.esr) == EC_DATA_ABORT &&
                  ESR_FSC(fault.esr) == FSC_EXTERNAL && fault.far == address &&
                  ((fault.esr & ESR_WNR) != 0) == (kind >= WRITE8),
              "%s at 0x%lx: count=%u esr=0x%lx far=0x%lx", access_names[kind], address, fault.count,
              fault.esr, fault.far);
    }
}

static void test_fetch(void)
{
    struct fault fault;

    fault_expect(&fault);
    ((void (*)(void))nothing)();
    fault_done();
    print("fetch count=%u ec=0x%lx fsc=0x%lx far_ok=%d", fault.count, ESR_EC(fault.esr),
          ESR_FSC(fault.esr), fault.far == nothing);
    check(fault.count == 1 && ESR_EC(fault.esr) == EC_INSTRUCTION_ABORT && fault.far == nothing,
          "fetch: count=%u esr=0x%lx far=0x%lx", fault.count, fault.esr, fault.far);
}

/* Instructions that are UNDEFINED at EL1 on a machine without EL3 and nested virtualization */
#define UNDEFINED(name, text)                                                                      \
    do {                                                                                           \
        struct fault fault_;                                                                       \
        fault_expect(&fault_);                                                                     \
        __asm__ volatile(text : : : "x0", "memory");                                               \
        fault_done();                                                                              \
        print(name " count=%u ec=0x%lx", fault_.count, ESR_EC(fault_.esr));                        \
        check(fault_.count == 1 && ESR_EC(fault_.esr) == EC_UNKNOWN, name ": count=%u esr=0x%lx",  \
              fault_.count, fault_.esr);                                                           \
    } while (0)

static void test_undefined(void)
{
    UNDEFINED("udf", ".inst 0x00000000");
    UNDEFINED("impdef_read", "mrs x0, S3_0_C15_C3_5");
    UNDEFINED("impdef_write", "mov x0, #0\n msr S3_0_C15_C3_5, x0");
    UNDEFINED("impdef_sys", "sys #0, C15, C3, #5, x0");
    UNDEFINED("hcr_el2_read", "mrs x0, hcr_el2");
    UNDEFINED("vbar_el2_write", "mov x0, #0\n msr vbar_el2, x0");
    UNDEFINED("sctlr_el12_read", "mrs x0, S3_5_C1_C0_0");
    UNDEFINED("scr_el3_read", "mrs x0, scr_el3");
    UNDEFINED("tlbi_el2", "tlbi alle2");
}

/* These the guest has: they must neither fault nor, under Vellum, cost it anything else. */
static void test_allowed(void)
{
    struct fault fault;

    fault_expect(&fault);
    sysreg_read(midr_el1);
    sysreg_read(id_aa64pfr0_el1);
    sysreg_read(cntvct_el0);
    sysreg_read(cntpct_el0);
    sysreg_read(pmcr_el0);
    sysreg_read(pmccntr_el0);
    sysreg_read(mdscr_el1);
    sysreg_read(dbgbvr0_el1);
    sysreg_read(oslsr_el1);
    sysreg_write(contextidr_el1, 0);
    sysreg_write(actlr_el1, sysreg_read(actlr_el1));
    __asm__ volatile("tlbi vmalle1is; dsb ish; ic ialluis; isb" : : : "memory");
    fault_done();
    print("allowed count=%u", fault.count);
    check(fault.count == 0, "a register of EL1 faulted: esr=0x%lx pc=image+0x%lx", fault.esr,
          fault.elr - (uint64_t)image);
}

static void test_all(void)
{
    test_aborts();
    test_fetch();
    test_undefined();
    test_allowed();
}

/* One CPU after the other, so that the lines come in order. */
void payload_run(void)
{
    nothing = arg_number("nothing", machine.memory.start + machine.memory.size);
    test_all();
    for (unsigned i = 0; i < cpu_count; i++) {
        if (&cpus[i] == this_cpu())
            continue;
        if (check(cpu_start(i, test_all) == 0, "CPU_ON of cpu%u", i))
            cpu_wait(i);
    }
    print("ok cpus=%u", cpu_count);
}
