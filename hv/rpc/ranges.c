/*
 * Ranges of physical addresses that a host names. Called by the handlers of rpc calls.
 */
#include "rpc/ranges.h"

#include "rpc/rpc_host.h"

static bool is_sane(uint64_t start, uint64_t size)
{
    return size > 0 && start + size > start;
}

static bool touches(const struct range *range, uint64_t start, uint64_t size)
{
    return start < range->start + range->size && range->start < start + size;
}

bool range_in_ram(uint64_t start, uint64_t size)
{
    if (!is_sane(start, size))
        return false;
    for (unsigned i = 0; i < machine.ram_count; i++) {
        const struct range *bank = &machine.ram[i];
        if (start >= bank->start && start + size <= bank->start + bank->size)
            return true;
    }
    return false;
}

bool range_touches_ram(uint64_t start, uint64_t size)
{
    if (!is_sane(start, size))
        return true;
    for (unsigned i = 0; i < machine.ram_count; i++)
        if (touches(&machine.ram[i], start, size))
            return true;
    return false;
}

bool range_touches_vellum(uint64_t start, uint64_t size)
{
    struct host_facts facts;

    host_facts(&facts);
    return touches(&facts.vellum, start, size);
}
