/*
 * Reads the machine from its flattened device tree (Devicetree Specification v0.4) into
 * struct machine. Runs with the MMU off, before and after relocation.
 */
#include <libfdt.h>
#include <string.h>

#include "fw/machine.h"

/* Interrupt types of the GICv3 binding, and how many there are: INTIDs 32 to 1019, 16 to 31. */
#define GIC_SPI 0
#define GIC_SPI_COUNT 988
#define GIC_PPI 1
#define GIC_PPI_COUNT 16

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

/* Entry `index` of `reg` of a node whose bus is the root's address space. False: there is none. */
static bool read_reg(const void *fdt, int node, struct cells cells, int index, struct range *out)
{
    int length;
    int entry = cells.address + cells.size;
    const fdt32_t *reg = fdt_getprop(fdt, node, "reg", &length);

    if (reg == NULL || cells.address < 1 || cells.size < 1 || (index + 1) * entry * 4 > length)
        return false;
    out->start = read_cells(reg + index * entry, cells.address);
    out->size = read_cells(reg + index * entry + cells.address, cells.size);
    return true;
}

/* Not empty (some firmware fills in fewer entries than there are), and does not wrap. */
static bool is_range(const struct range *range)
{
    return range->start + range->size > range->start;
}

static bool has_string(const void *fdt, int node, const char *property, const char *string)
{
    int length;
    const char *value = fdt_getprop(fdt, node, property, &length);

    return value != NULL && (size_t)length == strlen(string) + 1 &&
           memcmp(value, string, (size_t)length) == 0;
}

/* Nothing says that it is not for us: secure memory and devices are "disabled" to non-secure code. */
static bool is_okay(const void *fdt, int node)
{
    return fdt_getprop(fdt, node, "status", NULL) == NULL ||
           has_string(fdt, node, "status", "okay") || has_string(fdt, node, "status", "ok");
}

/* INTID of the first entry of `interrupts`, GICv3 binding: type, number, flags. 0: none. */
static uint32_t read_intid(const void *fdt, int node)
{
    int length;
    const fdt32_t *cell = fdt_getprop(fdt, node, "interrupts", &length);
    uint32_t type, number;

    if (cell == NULL || length < 12)
        return 0;
    type = fdt32_to_cpu(cell[0]);
    number = fdt32_to_cpu(cell[1]);
    if (type == GIC_SPI && number < GIC_SPI_COUNT)
        return number + 32;
    return type == GIC_PPI && number < GIC_PPI_COUNT ? number + 16 : 0;
}

static bool read_device(const void *fdt, int node, struct cells cells, struct mmio_device *out)
{
    struct range range;

    if (!read_reg(fdt, node, cells, 0, &range) || !is_range(&range))
        return false;
    *out = (struct mmio_device){range.start, range.size, read_intid(fdt, node)};
    return true;
}

static void raise_top(struct machine *machine, const struct range *range)
{
    if (is_range(range) && range->start + range->size > machine->address_top)
        machine->address_top = range->start + range->size;
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
        struct range window = {read_cells(cell + child, parent.address),
                               read_cells(cell + child + parent.address, size)};

        raise_top(machine, &window);
    }
}

static void read_memory(const void *fdt, int node, struct cells cells, struct machine *machine)
{
    struct range bank;

    for (int i = 0; read_reg(fdt, node, cells, i, &bank); i++) {
        unsigned at = machine->ram_count;

        if (!is_range(&bank))
            continue;
        machine->ram_count++;
        if (at >= MAX_RAM_BANKS)
            continue; /* told by problem_of */
        for (; at > 0 && machine->ram[at - 1].start > bank.start; at--)
            machine->ram[at] = machine->ram[at - 1];
        machine->ram[at] = bank;
    }
}

static void read_gic(const void *fdt, int node, struct cells cells, struct machine *machine)
{
    int length;
    const fdt32_t *regions = fdt_getprop(fdt, node, "#redistributor-regions", &length);
    unsigned n = regions && length == 4 ? fdt32_to_cpu(*regions) : 1;
    struct range range;

    if (!read_reg(fdt, node, cells, 0, &machine->gicd) || !is_range(&machine->gicd))
        return;
    for (unsigned i = 0; i < n && i < MAX_REDIST_REGIONS; i++) {
        if (!read_reg(fdt, node, cells, (int)i + 1, &range) || !is_range(&range))
            return;
        machine->gicr[machine->gicr_count++] = range;
    }
}

static bool is(const void *fdt, int node, const char *compatible)
{
    return fdt_node_check_compatible(fdt, node, compatible) == 0;
}

static void read_node(const void *fdt, int node, struct cells cells, struct machine *machine)
{
    struct range range;

    for (int i = 0; read_reg(fdt, node, cells, i, &range); i++)
        raise_top(machine, &range);
    read_windows(fdt, node, cells, machine);

    if (!is_okay(fdt, node))
        return;
    if (has_string(fdt, node, "device_type", "memory"))
        read_memory(fdt, node, cells, machine);
    else if (is(fdt, node, "arm,gic-v3") && machine->gicr_count == 0)
        read_gic(fdt, node, cells, machine);
    else if (is(fdt, node, "arm,pl011") && machine->pl011.base == 0)
        read_device(fdt, node, cells, &machine->pl011);
    else if (is(fdt, node, "virtio,mmio") && machine->virtio_mmio_count < MAX_VIRTIO_MMIO)
        machine->virtio_mmio_count +=
            read_device(fdt, node, cells, &machine->virtio_mmio[machine->virtio_mmio_count]);
}

/* A CPU that is "disabled" waits to be turned on; one whose status begins with "fail" never will. */
static bool is_cpu(const void *fdt, int node)
{
    int length;
    const char *status = fdt_getprop(fdt, node, "status", &length);

    return has_string(fdt, node, "device_type", "cpu") &&
           !(status != NULL && length >= 4 && memcmp(status, "fail", 4) == 0);
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

        if (reg == NULL || length < cells * 4 || !is_cpu(fdt, node))
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
    /* One below another bus than the root has addresses of that bus. */
    if (node >= 0 && fdt_parent_offset(fdt, node) == 0 && is(fdt, node, "arm,pl011"))
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
    static const char *const properties[] = {"interrupts", "interrupts-extended", "interrupt-map"};
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

    if (node < 0)
        node = fdt_node_offset_by_compatible(fdt, -1, "arm,psci-1.0");
    return node >= 0 && has_string(fdt, node, "method", "smc");
}

static bool meets(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
    return a < b ? b - a < a_size : a - b < b_size;
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
    if (machine->ram_count > MAX_RAM_BANKS)
        return "more banks of RAM than MAX_RAM_BANKS (fw/machine.h): raise it";
    if (machine->cpu_count == 0)
        return "the FDT names no CPU";
    if (machine->cpu_count > MAX_CPUS)
        return "more CPUs than MAX_CPUS (fw/machine.h): raise it";
    if (machine->gicr_count == 0)
        return "no GICv3 in the FDT (QEMU: -M virt,gic-version=3)";
    return NULL;
}

/* Blocks lie as the specification wants them (5.2): with the MMU off, all else is an abort. */
static bool is_aligned(const void *fdt)
{
    return fdt_off_mem_rsvmap(fdt) % 8 == 0 && fdt_off_dt_struct(fdt) % 4 == 0;
}

/*
 * The reservation block ends with its own last entry, which nobody checks: one that runs into the
 * structure block makes fdt_pack write beyond the tree.
 */
static bool reservations_end(const void *fdt)
{
    int count = fdt_num_mem_rsv(fdt);
    uint64_t start = fdt_off_mem_rsvmap(fdt);
    uint64_t size = ((uint64_t)count + 1) * sizeof(struct fdt_reserve_entry);

    return count >= 0 && !meets(start, size, fdt_off_dt_struct(fdt), fdt_size_dt_struct(fdt)) &&
           !meets(start, size, fdt_off_dt_strings(fdt), fdt_size_dt_strings(fdt));
}

const char *fdt_read_machine(const void *fdt, struct machine *machine)
{
    struct cells cells;
    int node;

    memset(machine, 0, sizeof(*machine));
    if (fdt == NULL || ((uint64_t)fdt & 7) != 0 || fdt_check_header(fdt) != 0)
        return "no FDT: x0 does not point to one (magic d00dfeed, 8-byte aligned)";
    if (!is_aligned(fdt) || fdt_check_full(fdt, fdt_totalsize(fdt)) != 0 || !reservations_end(fdt))
        return "the FDT is broken (header, alignment, fdt_check_full)";

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
