/*
 * Vellum's own memory (mem/pool.h).
 */
#include "mem/pool.h"

#include <string.h>

#include "lib/log.h"

static uint64_t next, end;

void pool_init(uint64_t pool_start, uint64_t pool_end)
{
    next = pool_start;
    end = pool_end;
}

void *pool_take(uint64_t size, uint64_t align)
{
    uint64_t start = ALIGN_UP(next, align);

    if (start + size > end)
        panic("out of memory: %lu bytes wanted, %lu left; raise POOL_SIZE in entry/layout.h",
              (unsigned long)size, (unsigned long)(end - next));
    next = start + size;
    return memset((void *)start, 0, size);
}

uint64_t pool_left(void)
{
    return end - next;
}
