/*
 * Prints what hv/fw/fdt.c reads from a device tree, as JSON, for tests/host/test_fdt_native.py.
 *   read_machine DTB [START SIZE]...    the ranges are asked for: fdt_range_reserved
 */
#include <errno.h>
#include <inttypes.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fw/machine.h"

/* The file in a block of just its size, so that a read beyond it is seen. */
static void *load(const char *path)
{
    FILE *file = fopen(path, "rb");
    long size;
    void *blob;

    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0)
        return NULL;
    rewind(file);
    blob = malloc((size_t)size);
    if (blob == NULL || fread(blob, 1, (size_t)size, file) != (size_t)size) {
        free(blob);
        blob = NULL;
    } else if ((size_t)size < sizeof(struct fdt_header) || fdt_totalsize(blob) > (size_t)size) {
        free(blob);
        blob = NULL;
        errno = EINVAL;
    }
    fclose(file);
    return blob;
}

static void print_ranges(const char *name, const struct range *ranges, unsigned count)
{
    printf("\"%s\": [", name);
    for (unsigned i = 0; i < count; i++)
        printf("%s[%" PRIu64 ", %" PRIu64 "]", i ? ", " : "", ranges[i].start, ranges[i].size);
    printf("],\n");
}

static void print_devices(const char *name, const struct mmio_device *devices, unsigned count)
{
    printf("\"%s\": [", name);
    for (unsigned i = 0; i < count; i++)
        printf("%s[%" PRIu64 ", %" PRIu64 ", %" PRIu32 "]", i ? ", " : "", devices[i].base,
               devices[i].size, devices[i].intid);
    printf("],\n");
}

static unsigned at_most(unsigned count, unsigned limit)
{
    return count < limit ? count : limit;
}

static void print_machine(const struct machine *machine)
{
    print_ranges("ram", machine->ram, at_most(machine->ram_count, MAX_RAM_BANKS));
    print_ranges("gicd", &machine->gicd, 1);
    print_ranges("gicr", machine->gicr, machine->gicr_count);
    print_devices("pl011", &machine->pl011, 1);
    print_devices("virtio_mmio", machine->virtio_mmio, machine->virtio_mmio_count);
    printf("\"cpu_count\": %u, \"cpus\": [", machine->cpu_count);
    for (unsigned i = 0; i < at_most(machine->cpu_count, MAX_CPUS); i++)
        printf("%s%" PRIu64, i ? ", " : "", machine->cpu_mpidr[i]);
    printf("],\n\"address_top\": %" PRIu64 ", \"free_spi\": %" PRIu32 ", \"psci_is_smc\": %s,\n",
           machine->address_top, machine->free_spi, machine->psci_is_smc ? "true" : "false");
}

int main(int argc, char **argv)
{
    static struct machine machine;
    void *fdt = argc > 1 ? load(argv[1]) : NULL;
    const char *problem;

    if (fdt == NULL) {
        fprintf(stderr, "read_machine: cannot read %s: %s\n", argc > 1 ? argv[1] : "nothing",
                strerror(errno));
        return 1;
    }
    problem = fdt_read_machine(fdt, &machine);
    printf("{\n");
    print_machine(&machine);
    printf("\"reserved\": [");
    for (int i = 2; i + 1 < argc; i += 2)
        printf("%s%s", i > 2 ? ", " : "",
               fdt_range_reserved(fdt, strtoull(argv[i], NULL, 0), strtoull(argv[i + 1], NULL, 0))
                   ? "true"
                   : "false");
    printf("],\n\"problem\": %s%s%s\n}\n", problem ? "\"" : "", problem ? problem : "null",
           problem ? "\"" : "");
    free(fdt);
    return 0;
}
