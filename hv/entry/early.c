/*
 * With the MMU off, where the boot loader put us: look at the machine, refuse what cannot work
 * with a clear line, and make a copy of Vellum at the top of RAM.
 */
#include <libfdt.h>
#include <string.h>

#include "cpu/cpu.h"
#include "entry/layout.h"
#include "lib/console.h"
#include "lib/log.h"
#include "mem/granule.h"

/* Until there are real ones: what the vectors need of a struct cpu. */
struct cpu early_cpu;
struct machine machine;
struct range vellum_range;

uint64_t early_main(const void *fdt);

/* A CPU that always reads E2H as 1 (Apple) need not say FEAT_VHE; all others do. */
static bool has_vhe(void)
{
    return id_field(id_aa64mmfr1_el1, 8) != 0 || (sysreg_read(hcr_el2) & HCR_E2H);
}

/* Cleans and invalidates: what was written with the MMU off must be what is seen with it on. */
static void flush(uint64_t start, uint64_t size)
{
    uint64_t line = 4UL << FIELD(sysreg_read(ctr_el0), 19, 16);

    for (uint64_t at = ALIGN_DOWN(start, line); at < start + size; at += line)
        __asm__ volatile("dc civac, %0" : : "r"(at) : "memory");
    __asm__ volatile("dsb sy" : : : "memory");
}

static bool touches(const struct range *range, uint64_t start, uint64_t size)
{
    return range->start < start + size && start < range->start + range->size;
}

/* A range that must not be written: it holds us, the FDT, or something the firmware reserved. */
static bool is_taken(const void *fdt, uint64_t start, uint64_t size)
{
    struct range image = {(uint64_t)image_start, (uint64_t)(image_end - image_start)};
    struct range tree = {(uint64_t)fdt, fdt_totalsize(fdt)};

    return touches(&image, start, size) || touches(&tree, start, size) ||
           fdt_range_reserved(fdt, start, size);
}

/* The highest free place for `size` bytes; false: there is none. */
static bool find_place(const void *fdt, uint64_t size)
{
    for (unsigned i = machine.ram_count; i-- > 0;) {
        const struct range *bank = &machine.ram[i];
        uint64_t start = ALIGN_DOWN(bank->start + bank->size, 2 * MIB);

        while (start >= bank->start + size) {
            start -= 2 * MIB;
            if (start + size <= bank->start + bank->size && !is_taken(fdt, start, size)) {
                vellum_range = (struct range){start, size};
                return true;
            }
        }
    }
    return false;
}

static uint64_t total_ram(void)
{
    uint64_t total = 0;

    for (unsigned i = 0; i < machine.ram_count; i++)
        total += machine.ram[i].size;
    return total;
}

static void check_cpu(void)
{
    uint64_t el = FIELD(sysreg_read(CurrentEL), 3, 2);

    if (el != 2)
        cannot_start("entered at EL%lu; Vellum needs EL2 (QEMU: -M virt,virtualization=on)",
                     (unsigned long)el);
    if (!has_vhe())
        cannot_start("this CPU has no VHE (FEAT_VHE, Armv8.1); QEMU: -cpu max");
}

/* Copies image and FDT to the top of RAM. Returns where the image begins there. */
uint64_t early_main(const void *fdt)
{
    const char *problem = fdt_read_machine(fdt, &machine);
    uint64_t image_size = (uint64_t)(image_end - image_start);
    uint64_t size, fdt_at;

    if (problem != NULL)
        cannot_start("%s", problem);
    check_cpu();

    size = ALIGN_UP(image_size + ALIGN_UP(fdt_totalsize(fdt), 16 * KIB) + POOL_SIZE +
                        machine.cpu_count * POOL_SIZE_CPU,
                    2 * MIB);
    if (total_ram() < size + GUEST_RAM_MIN || !find_place(fdt, size))
        cannot_start("too little RAM: %lu MiB found, Vellum needs %lu MiB in one piece and the "
                     "guest at least %lu MiB",
                     (unsigned long)(total_ram() / MIB), (unsigned long)(size / MIB),
                     (unsigned long)(GUEST_RAM_MIN / MIB));

    fdt_at = vellum_range.start + image_size;
    machine.fdt = (paddr){fdt_at};
    machine.fdt_size = fdt_totalsize(fdt);
    flush(vellum_range.start, size);
    memcpy((void *)fdt_at, fdt, fdt_totalsize(fdt));
    memcpy((void *)vellum_range.start, image_start, image_size);
    flush(vellum_range.start, size);
    return vellum_range.start;
}
