/*
 * Reads the FDT by libfdt: console, interrupt controller, timers, PSCI, CPUs, command line.
 * Called once on the boot CPU, before there is a console.
 */
#include "lib/machine.h"

#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cpu.h"

#define GIC_PPI_BASE 16
#define GIC_SPI_BASE 32
#define GIC_CELLS 3

struct machine machine;

static uint64_t read_cells(const fdt32_t *cell, int count)
{
    uint64_t value = 0;

    for (int i = 0; i < count; i++)
        value = value << 32 | fdt32_to_cpu(cell[i]);
    return value;
}

/* Entry `index` of the node's `reg`, in the cells of its parent. */
static bool read_reg(const void *fdt, int node, unsigned index, struct range *range)
{
    int parent = fdt_parent_offset(fdt, node), length;
    int address_cells = fdt_address_cells(fdt, parent), size_cells = fdt_size_cells(fdt, parent);
    int stride = address_cells + size_cells;
    const fdt32_t *reg = fdt_getprop(fdt, node, "reg", &length);

    if (reg == NULL || length < (int)((index + 1) * stride * sizeof(*reg)))
        return false;
    reg += index * stride;
    range->start = read_cells(reg, address_cells);
    range->size = read_cells(reg + address_cells, size_cells);
    return true;
}

static const char *read_gic(const void *fdt)
{
    int node = fdt_node_offset_by_compatible(fdt, -1, "arm,gic-v3");
    const fdt32_t *regions;
    unsigned count;

    if (node < 0 || !read_reg(fdt, node, 0, &machine.gicd))
        return "no arm,gic-v3";
    regions = fdt_getprop(fdt, node, "#redistributor-regions", NULL);
    count = regions == NULL ? 1 : fdt32_to_cpu(*regions);
    for (unsigned i = 0; i < count && i < MAX_REDISTRIBUTORS; i++)
        if (read_reg(fdt, node, 1 + i, &machine.gicr[i]))
            machine.gicr_count++;
    return machine.gicr_count == 0 ? "arm,gic-v3 without a redistributor" : NULL;
}

/* Order of the interrupts: secure, non-secure physical, virtual, hypervisor. */
static const char *read_timers(const void *fdt)
{
    int node = fdt_node_offset_by_compatible(fdt, -1, "arm,armv8-timer"), length;
    const fdt32_t *cells = fdt_getprop(fdt, node, "interrupts", &length);

    if (cells == NULL || length < (int)(3 * GIC_CELLS * sizeof(*cells)))
        return "no arm,armv8-timer with its interrupts";
    machine.timer_physical = GIC_PPI_BASE + fdt32_to_cpu(cells[GIC_CELLS + 1]);
    machine.timer_virtual = GIC_PPI_BASE + fdt32_to_cpu(cells[2 * GIC_CELLS + 1]);
    return NULL;
}

static const char *read_psci(const void *fdt)
{
    int node = fdt_node_offset_by_compatible(fdt, -1, "arm,psci-1.0");

    if (node < 0)
        node = fdt_node_offset_by_compatible(fdt, -1, "arm,psci-0.2");
    const char *method = fdt_getprop(fdt, node, "method", NULL);
    if (method == NULL)
        return "no arm,psci-0.2 or later";
    machine.psci_is_smc = strcmp(method, "smc") == 0;
    return NULL;
}

static const char *read_cpus(const void *fdt)
{
    int node;

    fdt_for_each_subnode(node, fdt, fdt_path_offset(fdt, "/cpus"))
    {
        const char *type = fdt_getprop(fdt, node, "device_type", NULL);
        struct range reg;
        if (type == NULL || strcmp(type, "cpu") != 0 || !read_reg(fdt, node, 0, &reg))
            continue;
        if (cpu_count == MAX_CPUS)
            return "more CPUs than MAX_CPUS";
        cpus[cpu_count] = (struct cpu){.index = cpu_count, .mpidr = reg.start};
        cpu_count++;
    }
    return cpu_count == 0 ? "no CPUs" : NULL;
}

static const char *read_console(const void *fdt)
{
    int node = fdt_node_offset_by_compatible(fdt, -1, "arm,pl011"), length;
    const fdt32_t *cells = fdt_getprop(fdt, node, "interrupts", &length);
    struct range uart;

    if (node < 0 || !read_reg(fdt, node, 0, &uart))
        return "no arm,pl011";
    machine.pl011 = uart.start;
    if (cells == NULL || length < (int)(GIC_CELLS * sizeof(*cells)) || cells[0] != 0)
        return "arm,pl011 without an SPI";
    machine.pl011_intid = GIC_SPI_BASE + fdt32_to_cpu(cells[1]);
    return NULL;
}

const char *machine_read(const void *fdt)
{
    const char *problem;
    int node;

    if (fdt_check_header(fdt) != 0)
        return "no FDT";
    problem = read_console(fdt);
    if (problem != NULL)
        return problem;
    node = fdt_node_offset_by_prop_value(fdt, -1, "device_type", "memory", sizeof("memory"));
    if (node < 0 || !read_reg(fdt, node, 0, &machine.memory))
        return "no memory";
    machine.bootargs = fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), "bootargs", NULL);
    if ((problem = read_gic(fdt)) || (problem = read_timers(fdt)) || (problem = read_psci(fdt)))
        return problem;
    return read_cpus(fdt);
}

/* What follows `name=` in the command line, or NULL. */
static const char *arg_find(const char *name)
{
    size_t length = strlen(name);

    for (const char *word = machine.bootargs; word != NULL && *word != '\0';) {
        if (strncmp(word, name, length) == 0 && word[length] == '=')
            return word + length + 1;
        word = strchr(word, ' ');
        if (word != NULL)
            word++;
    }
    return NULL;
}

uint64_t arg_number(const char *name, uint64_t otherwise)
{
    const char *text = arg_find(name);

    return text == NULL ? otherwise : strtoul(text, NULL, 0);
}

bool arg_is(const char *name, const char *value)
{
    const char *text = arg_find(name);
    size_t length = strlen(value);

    return text != NULL && strncmp(text, value, length) == 0 &&
           (text[length] == '\0' || text[length] == ' ');
}
