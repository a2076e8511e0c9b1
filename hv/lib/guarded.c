/*
 * Where a guarded access goes on after a fault (lib/guarded.h).
 */
#include "lib/guarded.h"

struct entry {
    int32_t pc;     /* from this field */
    int32_t resume; /* from this field */
};

/* From the linker script: what GUARDED has collected. */
extern const struct entry guarded_table[], guarded_table_end[];

uint64_t guarded_resume(uint64_t pc)
{
    for (const struct entry *e = guarded_table; e < guarded_table_end; e++) {
        if ((uint64_t)&e->pc + (uint64_t)e->pc == pc)
            return (uint64_t)&e->resume + (uint64_t)e->resume;
    }
    return 0;
}
