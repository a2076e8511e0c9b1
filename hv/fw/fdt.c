/*
 * Reads the machine from its flattened device tree (Devicetree Specification v0.4) into
 * struct machine. Runs with the MMU off, before and after relocation.
 */
#include <libfdt.h>
#include <string.h>

#include "fw/machine.h"

/* Cells of addresses and sizes in a node's `reg`, as its parent says. */
struct cells {
    int address;
    int size;
};

static uint64_t read_cells(const fdt32_t *cell, int n)
{
    uint64_t value = 0;

    for (int i = 0; i < n; i++)
        value = value << 32 | fdt32_to_cpu(cell[i]);
    return value;
}

/* Entry `index` of `reg` of a node whose bus is the root's address space. */
static bool read_reg(const void *fdt, int node, struct cells cells, int index, struct range *out)
{
    int length;
    int entry = cells.address + cells.size;
    const fdt32_t *reg = fdt_getprop(fdt, node, "reg", &length);

    if (reg == NULL || (index + 1) * entry * 4 > length)
        return false;
    out->start = read_cells(reg + index * entry, cells.address);
    out->size = read_cells(reg + index * entry + cells.address, cells.size);
    return out->size != 0 && out->start + out->size > out->start;
}

/* INTID of the first entry of `interrupts`, GICv3 binding: type, number, flags. 0: none. */
static uint32_t read_intid(const void *fdt, int node)
{
    int length;
    const fdt32_t *cell = fdt_getprop(fdt, node, "interrupts", &length);

    if (cell == NULL || length < 12)
        return 0;
    return fdt32_to_cpu(cell[1]) + (fdt32_to_cpu(cell[0]) == 0 ? 32 : 16);
}

static void read_device(const void *fdt, int node, struct cells cells, struct mmio_device *out)
{
    struct range range = {0, 0};

    read_reg(fdt, node, cells, 0, &range);
    *out = (struct mmio_device){range.start, range.size, read_intid(fdt, node)};
}

static void raise_top(struct machine *machine, uint64_t end)
{
    if (end > machine->address_top)
        machine->address_top = end;
}

/* Address windows of a bus (PCIe above all): child address, CPU address, size. */
static void read_windows(const void *fdt, int node, struct cells parent, struct machine *machine)
{
    int length;
    const fdt32_t *cell = fdt_getprop(fdt, node, "ranges", &length);
    int child = fdt_address_cells(fdt, node), size = fdt_size_cells(fdt, node);
    int entry = child + parent.address + size;

    if (cell == NULL || child < 0 || size < 0)
        return;
    for (; length >= entry * 4; length -= entry * 4, cell += entry) {
        uint64_t start = read_cells(cell + child, parent.address);

        raise_top(machine, start + read_cells(cell + child + parent.address, size));
    }
}

static void read_memory(const void *fdt, int node, struct cells cells, struct machine *machine)
{
    struct range bank;

    for (int i = 0; read_reg(fdt, node, cells, i, &bank); i++) {
        unsigned at = machine->ram_count;

        if (at == MAX_RAM_BANKS)
            return;
        for (; at > 0 && machine->ram[at - 1].start > bank.start; at--)
            machine->ram[at] = machine->ram[at - 1];
        machine->ram[at] = bank;
        machine->ram_count++;
    }
}

static void read_gic(const void *fdt, int node, struct cells cells, struct machine *machine)
{
    const fdt32_t *regions = fdt_getprop(fdt, node, "#redistributor-regions", NULL);
    unsigned n = regions ? fdt32_to_cpu(*regions) : 1;

    read_reg(fdt, node, cells, 0, &machine->gicd);
    for (unsigned i = 0; i < n && i < MAX_REDIST_REGIONS; i++) {
        if (!read_reg(fdt, node, cells, (int)i + 1, &machine->gicr[i]))
            return;
        machine->gicr_count++;
    }
}

static bool has_device_type(const void *fdt, int node, const char *type)
{
    int length;
    const char *value = fdt_getprop(fdt, node, "device_type", &length);

    return value != NULL && (size_t)length == strlen(type) + 1 && memcmp(value, type, length) == 0;
}

static bool is(const void *fdt, int node, const char *compatible)
{
    return fdt_node_check_compatible(fdt, node, compatible) == 0;
}

static void read_node(const void *fdt, int node, struct cells cells, struct machine *machine)
{
    struct range range;

    for (int i = 0; read_reg(fdt, node, cells, i, &range); i++)
        raise_top(machine, range.start + range.size);
    read_windows(fdt, node, cells, machine);

    if (has_device_type(fdt, node, "memory"))
        read_memory(fdt, node, cells, machine);
    else if (is(fdt, node, "arm,gic-v3"))
        read_gic(fdt, node, cells, machine);
    else if (is(fdt, node, "arm,pl011") && machine->pl011.base == 0)
        read_device(fdt, node, cells, &machine->pl011);
    else if (is(fdt, node, "virtio,mmio") && machine->virtio_mmio_count < MAX_VIRTIO_MMIO)
        read_device(fdt, node, cells, &machine->virtio_mmio[machine->virtio_mmio_count++]);
}

static void read_cpus(const void *fdt, struct machine *machine)
{
    int cpus = fdt_path_offset(fdt, "/cpus"), node;
    int cells = cpus < 0 ? 0 : fdt_address_cells(fdt, cpus);

    if (cells <= 0)
        return;
    fdt_for_each_subnode(node, fdt, cpus)
    {
        int length;
        const fdt32_t *reg = fdt_getprop(fdt, node, "reg", &length);

        if (reg == NULL || length < cells * 4 || !has_device_type(fdt, node, "cpu"))
            continue;
        if (machine->cpu_count < MAX_CPUS)
            machine->cpu_mpidr[machine->cpu_count] = read_cells(reg, cells);
        machine->cpu_count++;
    }
}

/* The UART that the firmware speaks on: /chosen/stdout-path, with options after a colon. */
static void read_stdout(const void *fdt, struct cells cells, struct machine *machine)
{
    int chosen = fdt_path_offset(fdt, "/chosen"), length;
    const char *path = chosen < 0 ? NULL : fdt_getprop(fdt, chosen, "stdout-path", &length);
    const char *colon;
    int node;

    if (path == NULL || length <= 0)
        return;
    colon = memchr(path, ':', (size_t)length);
    node = fdt_path_offset_namelen(fdt, path, colon ? (int)(colon - path) : length - 1);
    if (node >= 0 && is(fdt, node, "arm,pl011"))
        read_device(fdt, node, cells, &machine->pl011);
}

static void mark(uint32_t used[32], uint32_t spi)
{
    if (spi < 1024)
        used[spi / 32] |= UINT32_C(1) << (spi % 32);
}

/* An SPI that nothing in the tree uses: the GIC binding's triples, and PCIe's interrupt-map. */
static uint32_t find_free_spi(const void *fdt)
{
    static const char *const properties[] = {"interrupts", "interrupt-map"};
    uint32_t used[32] = {0};

    for (int node = 0; node >= 0; node = fdt_next_node(fdt, node, NULL)) {
        for (unsigned p = 0; p < ARRAY_SIZE(properties); p++) {
            int length;
            const fdt32_t *cell = fdt_getprop(fdt, node, properties[p], &length);

            /* Every window of three cells that could be (SPI, n, flags): some used in vain. */
            for (int i = 0; cell != NULL && (i + 3) * 4 <= length; i++) {
                if (fdt32_to_cpu(cell[i]) == 0)
                    mark(used, fdt32_to_cpu(cell[i + 1]));
            }
        }
    }
    for (uint32_t spi = 64; spi < 224; spi++) {
        if (!(used[spi / 32] & UINT32_C(1) << (spi % 32)))
            return spi + 32;
    }
    return 0;
}

static bool psci_is_smc(const void *fdt)
{
    int node = fdt_node_offset_by_compatible(fdt, -1, "arm,psci-0.2");
    const char *method;

    if (node < 0)
        node = fdt_node_offset_by_compatible(fdt, -1, "arm,psci-1.0");
    method = node < 0 ? NULL : fdt_getprop(fdt, node, "method", NULL);
    return method != NULL && strcmp(method, "smc") == 0;
}

static bool meets(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
    return a < b + b_size && b < a + a_size;
}

bool fdt_range_reserved(const void *fdt, uint64_t start, uint64_t size)
{
    int parent = fdt_path_offset(fdt, "/reserved-memory"), node;
    uint64_t at, length;

    for (int i = 0; i < fdt_num_mem_rsv(fdt); i++) {
        if (fdt_get_mem_rsv(fdt, i, &at, &length) == 0 && meets(start, size, at, length))
            return true;
    }
    if (parent < 0)
        return false;
    fdt_for_each_subnode(node, fdt, parent)
    {
        struct cells cells = {fdt_address_cells(fdt, parent), fdt_size_cells(fdt, parent)};
        struct range range;

        for (int i = 0; read_reg(fdt, node, cells, i, &range); i++) {
            if (meets(start, size, range.start, range.size))
                return true;
        }
    }
    return false;
}

/* What is missing for Vellum to run here, or NULL. */
static const char *problem_of(const struct machine *machine)
{
    if (machine->ram_count == 0)
        return "the FDT names no RAM";
    if (machine->cpu_count == 0)
        return "the FDT names no CPU";
    if (machine->cpu_count > MAX_CPUS)
        return "more CPUs than MAX_CPUS (fw/machine.h): raise it";
    if (machine->gicr_count == 0)
        return "no GICv3 in the FDT (QEMU: -M virt,gic-version=3)";
    return NULL;
}

const char *fdt_read_machine(const void *fdt, struct machine *machine)
{
    struct cells cells;
    int node;

    memset(machine, 0, sizeof(*machine));
    if (fdt == NULL || ((uint64_t)fdt & 7) != 0 || fdt_check_header(fdt) != 0)
        return "no FDT: x0 does not point to one (magic d00dfeed, 8-byte aligned)";
    if (fdt_check_full(fdt, fdt_totalsize(fdt)) != 0)
        return "the FDT is broken (fdt_check_full)";

    cells = (struct cells){fdt_address_cells(fdt, 0), fdt_size_cells(fdt, 0)};
    if (cells.address < 1 || cells.size < 1)
        return "the FDT is broken (#address-cells, #size-cells)";
    fdt_for_each_subnode(node, fdt, 0) read_node(fdt, node, cells, machine);
    read_cpus(fdt, machine);
    read_stdout(fdt, cells, machine);
    machine->free_spi = find_free_spi(fdt);
    machine->psci_is_smc = psci_is_smc(fdt);
    return problem_of(machine);
}
