/*
 * Fuzz target: a device tree from foreign firmware. It must be refused, or read into a machine that
 * keeps its own bounds; and no byte outside of the tree is touched.
 */
#include <libfdt.h>
#include <string.h>

#include "fuzz.h"
#include "fw/machine.h"

static void expect_sane(const struct machine *machine)
{
    HOLDS(machine->ram_count > 0 && machine->ram_count <= MAX_RAM_BANKS);
    for (unsigned i = 0; i < machine->ram_count; i++) {
        HOLDS(machine->ram[i].size > 0);
        HOLDS(machine->ram[i].start + machine->ram[i].size > machine->ram[i].start);
        HOLDS(machine->ram[i].start + machine->ram[i].size <= machine->address_top);
        HOLDS(i == 0 || machine->ram[i - 1].start <= machine->ram[i].start);
    }
    HOLDS(machine->cpu_count > 0 && machine->cpu_count <= MAX_CPUS);
    HOLDS(machine->gicd.size > 0);
    HOLDS(machine->gicr_count > 0 && machine->gicr_count <= MAX_REDIST_REGIONS);
    HOLDS(machine->virtio_mmio_count <= MAX_VIRTIO_MMIO);
    for (unsigned i = 0; i < machine->virtio_mmio_count; i++)
        HOLDS(machine->virtio_mmio[i].size > 0 && machine->virtio_mmio[i].intid < 1020);
    HOLDS(machine->pl011.intid < 1020);
    HOLDS(machine->free_spi == 0 || (machine->free_spi >= 32 && machine->free_spi < 1020));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct machine machine;
    void *fdt = malloc(size ? size : 1); /* of its very size: a read beyond it is seen */

    memcpy(fdt, data, size);
    /* The header's size is what a boot loader vouches for. */
    if (size >= sizeof(struct fdt_header)) {
        fdt_set_totalsize(fdt, (uint32_t)size);
        if (fdt_read_machine(fdt, &machine) == NULL) {
            expect_sane(&machine);
            for (unsigned i = 0; i < machine.ram_count; i++)
                fdt_range_reserved(fdt, machine.ram[i].start, machine.ram[i].size);
            fdt_pack(fdt); /* as main does, with its copy */
        }
    }
    free(fdt);
    return 0;
}
