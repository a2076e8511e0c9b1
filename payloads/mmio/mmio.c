/*
 * One access of each kind to the PL011, whose identification registers are constant and whose baud
 * rate registers keep what is written; prints every value. Bare and under Vellum, traced or not,
 * the lines must be the same.
 * forms=all: also the forms whose syndrome does not tell the access (ESR ISV = 0): pairs, writeback,
 * SIMD, exclusives, atomics, unaligned. forms=NAME: one of them alone.
 */
#include "lib/io.h"
#include "lib/mmu.h"
#include "lib/payload.h"
#include "mmio/regs.h"

const char payload_name[] = "mmio";

#define UARTFBRD 0x28      /* 6 bits */
#define UARTPERIPHID 0xfe0 /* 0x11, 0x10, 0x14, 0x00 in words, then the PrimeCell's 0d f0 05 b1 */
#define UARTPCELLID 0xff0

static uint64_t id, pcell, fbrd;

static void test_sizes(void)
{
    print("read size=1 value=0x%x", (unsigned)io_read8(id));
    print("read size=2 value=0x%x", (unsigned)io_read16(id));
    print("read size=4 value=0x%x", io_read32(id));
    print("read size=8 value=0x%lx", io_read64(id));
    io_write8(fbrd, 0x2a);
    print("write size=1 back=0x%x", io_read32(fbrd));
    io_write16(fbrd, 0x15);
    print("write size=2 back=0x%x", io_read32(fbrd));
    io_write32(fbrd, 0x33);
    print("write size=4 back=0x%x", io_read32(fbrd));
    uint64_t both = io_read64(fbrd); /* UARTFBRD and UARTLCR_H */
    io_write64(fbrd, (both & ~UINT64_C(0x3f)) | 0x0f);
    print("write size=8 back=0x%lx kept=%d", io_read64(fbrd), io_read64(fbrd) >> 32 == both >> 32);
    check(io_read32(id) == 0x11, "UARTPERIPHID0 is 0x%x", io_read32(id));
    check(io_read32(fbrd) == 0x0f, "UARTFBRD is 0x%x", io_read32(fbrd));
}

#define LOAD(text, address)                                                                        \
    ({                                                                                             \
        uint64_t value_ = ~UINT64_C(0);                                                            \
        __asm__ volatile(text : "+r"(value_) : "r"((uint64_t)(address)) : "memory");               \
        value_;                                                                                    \
    })

/* Sign extension, to 32 and to 64 bits: UARTPCELLID3 is 0xb1, negative as a byte. */
static void test_extension(void)
{
    uint64_t negative = pcell + 0xc;

    print("ldrsb w value=0x%lx", LOAD("ldrsb %w0, [%1]", negative));
    print("ldrsb x value=0x%lx", LOAD("ldrsb %0, [%1]", negative));
    print("ldrsh w value=0x%lx", LOAD("ldrsh %w0, [%1]", negative));
    print("ldrsh x value=0x%lx", LOAD("ldrsh %0, [%1]", negative));
    print("ldrsw x value=0x%lx", LOAD("ldrsw %0, [%1]", negative));
    print("ldar w value=0x%lx", LOAD("ldar %w0, [%1]", negative));
    print("register offset value=0x%lx", LOAD("ldr %w0, [%1, xzr]", negative));
    check(LOAD("ldrsb %w0, [%1]", negative) == 0xffffffb1, "ldrsb w");
    check(LOAD("ldrsb %0, [%1]", negative) == 0xffffffffffffffb1, "ldrsb x");
    __asm__ volatile("ldr wzr, [%0]" : : "r"(id) : "memory");
    __asm__ volatile("str wzr, [%0]" : : "r"(fbrd) : "memory");
    print("zero register back=0x%x", io_read32(fbrd));
    check(io_read32(fbrd) == 0, "str wzr left 0x%x", io_read32(fbrd));
    __asm__ volatile("stlr %w0, [%1]" : : "r"(9), "r"(fbrd) : "memory");
    print("stlr back=0x%x", io_read32(fbrd));
}

static void test_registers(void)
{
    uint64_t values[31], out[31];

    load_every_register(id, out);
    for (unsigned i = 0; i < 31; i++)
        check(out[i] == 0x11, "ldr w%u gave 0x%lx", i, out[i]);
    for (unsigned i = 0; i < 31; i++)
        values[i] = i + 1;
    store_every_register(fbrd, values, out);
    for (unsigned i = 0; i < 31; i++)
        check(out[i] == i + 1, "str w%u left 0x%lx", i, out[i]);
    print("registers=31");
}

/* Forms with ISV = 0. Each runs with faults expected: a machine may refuse it, and says how. */
#define FORM(name, ...)                                                                            \
    static void form_##name(void)                                                                  \
    {                                                                                              \
        uint64_t a = 0, b = 0, p = id;                                                             \
        struct fault fault;                                                                        \
        fault_expect(&fault);                                                                      \
        __VA_ARGS__;                                                                               \
        fault_done();                                                                              \
        if (fault.count != 0)                                                                      \
            print("form=" #name " faults=%u ec=0x%lx fsc=0x%lx far=0x%lx moved=%ld", fault.count,  \
                  fault.esr >> 26, fault.esr & 0x3f, fault.far, (int64_t)(p - id));                \
        else                                                                                       \
            print("form=" #name " a=0x%lx b=0x%lx moved=%ld fbrd=0x%x", a, b, (int64_t)(p - id),   \
                  io_read32(fbrd));                                                                \
    }

#define ASM(text) __asm__ volatile(text : "+r"(a), "+r"(b), "+r"(p) : : "v0", "v1", "v2", "memory")

FORM(pair_w, ASM("ldp %w0, %w1, [%2]"))
FORM(pair_x, ASM("ldp %0, %1, [%2]"))
FORM(pair_sw, ASM("ldpsw %0, %1, [%2]"))
FORM(store_pair, (p = fbrd, a = 0x21, b = io_read32(fbrd + 4)); ASM("stp %w0, %w1, [%2]"); p = id)
FORM(post_index, ASM("ldr %w0, [%2], #4"))
FORM(pre_index, ASM("ldr %w0, [%2, #4]!"))
FORM(store_post_index, (p = fbrd, a = 0x12); ASM("str %w0, [%2], #8"); p = p - fbrd + id)
FORM(simd_s, ASM("ldr s0, [%2]\n umov %w0, v0.s[0]"))
FORM(simd_d, ASM("ldr d0, [%2]\n umov %0, v0.d[0]"))
FORM(simd_q, ASM("ldr q0, [%2]\n umov %0, v0.d[0]\n umov %1, v0.d[1]"))
FORM(structure_d, ASM("ld1 {v0.2d}, [%2], #16\n umov %0, v0.d[0]\n umov %1, v0.d[1]"); p = id)
FORM(structure_s, ASM("ld2 {v0.2s, v1.2s}, [%2]\n umov %0, v0.d[0]\n umov %1, v1.d[0]"))
FORM(structure_lane, ASM("ld3 {v0.h, v1.h, v2.h}[1], [%2]\n umov %w0, v1.h[1]"))
FORM(structure_replicated, ASM("ld1r {v0.2d}, [%2]\n umov %0, v0.d[0]\n umov %1, v0.d[1]"))
FORM(structure_store, p = fbrd; ASM("movi v0.2s, #5\n st1 {v0.s}[1], [%2]"); p = id)
FORM(exclusive, ASM("ldxr %w0, [%2]\n clrex"))
FORM(unaligned_read, p = id + 2 + MMU_NORMAL; ASM("ldr %w0, [%2]"); p = id)
FORM(unaligned_write, (p = fbrd + 1 + MMU_NORMAL, a = 0x11); ASM("strh %w0, [%2]"); p = id)
FORM(atomic_add, p = fbrd; ASM(".arch_extension lse\n mov %0, #1\n ldadd %w0, %w1, [%2]"); p = id)
FORM(swap, (p = fbrd, a = 7); ASM(".arch_extension lse\n swp %w0, %w1, [%2]"); p = id)
/* The second word is beyond the device, where there is nothing: what moves, moves not. */
FORM(half_load, p = machine.pl011 + 0xffc; ASM("ldp %w0, %w1, [%2], #8"))
FORM(half_store, p = machine.pl011 + 0xffc; ASM("stp %w0, %w1, [%2, #0]!"))
FORM(half_vector, p = machine.pl011 + 0xff8; ASM("ldp d0, d1, [%2], #16"))
FORM(prefetch, ASM("prfm pldl1keep, [%2]"))

static const struct {
    const char *name;
    void (*run)(void);
} forms[] = {
    {"pair", form_pair_w},
    {"pair", form_pair_x},
    {"pair", form_pair_sw},
    {"pair", form_store_pair},
    {"writeback", form_post_index},
    {"writeback", form_pre_index},
    {"writeback", form_store_post_index},
    {"simd", form_simd_s},
    {"simd", form_simd_d},
    {"simd", form_simd_q},
    {"structure", form_structure_d},
    {"structure", form_structure_s},
    {"structure", form_structure_lane},
    {"structure", form_structure_replicated},
    {"structure", form_structure_store},
    {"exclusive", form_exclusive},
    {"unaligned", form_unaligned_read},
    {"unaligned", form_unaligned_write},
    {"atomic", form_atomic_add},
    {"atomic", form_swap},
    {"half", form_half_load},
    {"half", form_half_store},
    {"half", form_half_vector},
    {"prefetch", form_prefetch},
};

void payload_run(void)
{
    id = machine.pl011 + UARTPERIPHID;
    pcell = machine.pl011 + UARTPCELLID;
    fbrd = machine.pl011 + UARTFBRD;
    test_sizes();
    test_extension();
    test_registers();
    for (unsigned i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        if (arg_is("forms", "all") || arg_is("forms", forms[i].name))
            forms[i].run();
    print("ok");
}
