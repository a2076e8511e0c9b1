/*
 * Answers to the guest's HVC #0. The null call never gets here: vectors.S answers it.
 */
#include "trap/hypercall.h"

#include "trap/frame.h"

/* 8fd0b6bd-51a1-4b0e-9c1a-7a3b0c5d2f6e, as four little-endian words (DEN 0028, 6.2). */
static const uint32_t vellum_uid[4] = {0xbdb6d08f, 0x0e4ba151, 0x3b7a1a9c, 0x6e2f5d0c};

void hypercall(struct trap_frame *frame)
{
    switch ((uint32_t)frame->x[0]) {
    case SMCCC_VERSION:
        frame->x[0] = 0x10001;
        break;
    case HYPERCALL_UID:
        for (unsigned i = 0; i < 4; i++)
            frame->x[i] = vellum_uid[i];
        break;
    default:
        frame->x[0] = (uint64_t)SMCCC_NOT_SUPPORTED;
    }
}
