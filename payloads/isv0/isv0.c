/*
 * Runs each form of load and store (forms.S) at memory=A (192 MiB; the second of three pages), at places
 * aligned, unaligned and across both ends of the page, with all registers given; prints for each form
 * a sum of all registers, faults and memory afterwards. When the page is traced, the sums must be
 * those of the bare machine. form=N: that form alone, with every change of its registers.
 */
#include <string.h>

#include "isv0/forms.h"
#include "lib/payload.h"

const char payload_name[] = "isv0";

#define PAGE 4096
#define NOP 0xd503201f
#define LITERALS 8 /* forms of our own: loads from a literal, by opc and V */

static const int places[] = {0x100, 0x108, 0x103, -4, -8, -3, 0xffc, 0xff8, 0xff9};

/* What the forms can reach from there. */
static const int windows[][2] = {{-0x200, 0x300}, {0xe00, 0x1200}};

static uint8_t *page; /* the traced one; one before and one behind it are memory as well */
static void (*runner)(struct registers *);
static uint32_t *slot;

/* FNV-1a */
static uint64_t sum(uint64_t hash, const void *from, size_t size)
{
    const uint8_t *bytes = from;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* All but where this run of the payload happens to keep its stack. */
static uint64_t sum_registers(uint64_t hash, const struct registers *r)
{
    hash = sum(hash, r->x, sizeof(r->x));
    hash = sum(hash, &r->sp, sizeof(r->sp));
    hash = sum(hash, &r->nzcv, sizeof(r->nzcv));
    return sum(hash, r->v, sizeof(r->v));
}

/* The runner, two pages behind the traced one, where it can be changed. */
static void copy_runner(void)
{
    uint32_t *to = (uint32_t *)(page + 2 * PAGE);

    for (size_t i = 0; run + i < run_end; i++)
        to[i] = run[i];
    for (size_t i = 0; run + i < run_end; i += 4)
        __asm__ volatile("dc cvau, %0" : : "r"(to + i) : "memory");
    runner = (void (*)(struct registers *))to;
    slot = to + (run_slot - run);
}

static void set_slot(const uint32_t words[FORM_WORDS])
{
    for (unsigned i = 0; i < FORM_WORDS; i++)
        slot[i] = words[i];
    __asm__ volatile("dc cvau, %0\n dsb ish\n ic ivau, %0\n dsb ish\n isb"
                     :
                     : "r"(slot)
                     : "memory");
}

static void set_memory(void)
{
    for (unsigned w = 0; w < 2; w++)
        for (int i = windows[w][0]; i < windows[w][1]; i += 8)
            *(volatile uint64_t *)(page + i) = (uint64_t)(i + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

static uint64_t sum_memory(uint64_t hash)
{
    for (unsigned w = 0; w < 2; w++)
        for (int i = windows[w][0]; i < windows[w][1]; i += 8)
            hash = (hash ^ *(volatile uint64_t *)(page + i)) * UINT64_C(0x100000001b3);
    return hash;
}

/* Whether Rn of the form's instructions is 31. */
static bool uses_sp(void)
{
    return (slot[0] >> 5 & 31) == 31 || (slot[1] != NOP && (slot[1] >> 5 & 31) == 31);
}

static void set_registers(struct registers *r, int place)
{
    for (unsigned i = 0; i < 31; i++)
        r->x[i] = (i + 2) * UINT64_C(0xd6e8feb86659fd93);
    for (unsigned i = 0; i < 32; i++) {
        r->v[i][0] = (i + 3) * UINT64_C(0xbf58476d1ce4e5b9);
        r->v[i][1] = (i + 5) * UINT64_C(0x94d049bb133111eb);
    }
    r->x[1] = (uint64_t)(page + place);
    /* A fault is taken on SP: out of the way, unless it is the base. */
    r->sp = (uint64_t)(uses_sp() ? page + place : page + 4 * PAGE);
    r->x[2] = 24;
    r->x[29] = (uint64_t)-16;
    r->nzcv = UINT64_C(0xa) << 28;
}

static void show_changes(const struct registers *before, const struct registers *after, int place,
                         const struct fault *fault)
{
    for (unsigned i = 0; i < 31; i++)
        if (before->x[i] != after->x[i])
            print("  place=%d x%u=0x%lx", place, i, after->x[i]);
    if (before->sp != after->sp)
        print("  place=%d sp=0x%lx", place, after->sp);
    for (unsigned i = 0; i < 32; i++)
        if (before->v[i][0] != after->v[i][0] || before->v[i][1] != after->v[i][1])
            print("  place=%d v%u=0x%lx,0x%lx", place, i, after->v[i][0], after->v[i][1]);
    print("  place=%d faults=%u esr=0x%lx far=0x%lx memory=0x%lx", place, fault->count, fault->esr,
          fault->far, sum_memory(0));
}

static uint64_t try_place(int place, uint64_t hash, bool show)
{
    static struct registers before, after;
    struct fault fault;

    set_memory();
    set_registers(&before, place);
    after = before;
    fault_expect(&fault);
    runner(&after);
    fault_done();
    hash = sum_registers(hash, &after);
    hash = sum(hash, &fault.count, sizeof(fault.count));
    if (fault.count != 0) {
        hash = sum(hash, &fault.esr, sizeof(fault.esr));
        hash = sum(hash, &fault.far, sizeof(fault.far));
    }
    if (fault.count == 0 || !uses_sp())
        hash = sum_memory(hash);
    if (show)
        show_changes(&before, &after, place, &fault);
    return hash;
}

/*
 * A store exclusive behind a load exclusive: it fails where the load trapped, as the trap has cleared
 * the monitor. The line says so, because the sum is then not that of the bare machine.
 */
static bool is_store_exclusive(uint32_t word)
{
    return (word & 0x3fc00000) == 0x08000000;
}

static void try_form(unsigned number, const uint32_t words[FORM_WORDS])
{
    uint64_t only = arg_number("form", ~UINT64_C(0)), hash = UINT64_C(0xcbf29ce484222325);

    if (only != ~UINT64_C(0) && only != number)
        return;
    set_slot(words);
    for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        hash = try_place(places[i], hash, only == number);
    print("form=%u word=0x%x%s sum=0x%lx", number, words[0],
          is_store_exclusive(words[1]) ? " exclusive" : "", hash);
}

/* LDR, LDRSW, PRFM, SIMD&FP (literal): opc V 011 imm19 Rt */
static uint32_t literal(unsigned opc, unsigned v)
{
    uint64_t target = (uint64_t)page + 0x200;
    uint32_t imm19 = (uint32_t)((int64_t)(target - (uint64_t)slot) / 4) & 0x7ffff;

    return opc << 30 | 3U << 27 | v << 26 | imm19 << 5 | 3;
}

void payload_run(void)
{
    unsigned count = (unsigned)(forms_end - forms);

    page = (uint8_t *)arg_number("memory", machine.memory.start + 0xc000000);
    copy_runner();
    for (unsigned i = 0; i < count; i++)
        try_form(i, forms[i]);
    for (unsigned i = 0; i < LITERALS - 1; i++) {
        const uint32_t words[FORM_WORDS] = {literal(i & 3, i >> 2), NOP, NOP, NOP};
        try_form(count + i, words);
    }
    print("ok forms=%u", count + LITERALS - 1);
}
