/*
 * Between the guest's registers and memory: what a decoded load or store takes from where, without
 * the access itself. The bytes are those of memory, from the lowest address on.
 */
#ifndef VELLUM_MMIO_REGISTERS_H
#define VELLUM_MMIO_REGISTERS_H

#include "mmio/decode.h"
#include "trap/frame.h"

/* Most bytes that one decoded access moves, and room for a whole register behind them. */
#define LS_MAX_BYTES 64
#define LS_BUFFER (LS_MAX_BYTES + 16)

/* Where the guest's instruction at frame->pc accesses memory: its lowest virtual address. */
uint64_t ls_address_of_any(const struct ls_insn *insn, const struct trap_frame *frame);

static inline uint64_t ls_address(const struct ls_insn *insn, const struct trap_frame *frame)
{
    if (insn->addressing != LS_OFFSET || insn->rn == 31)
        return ls_address_of_any(insn, frame);
    return frame->x[insn->rn] + (uint64_t)(int64_t)insn->offset;
}

/* What the data registers hold, as bytes[LS_BUFFER] of memory. */
void ls_gather(const struct ls_insn *insn, const struct trap_frame *frame, uint8_t *bytes);

/* Loads the data registers from bytes[LS_BUFFER]. */
void ls_scatter(const struct ls_insn *insn, struct trap_frame *frame, uint8_t *bytes);

/* The base register after the access. Call it once. */
void ls_write_back(const struct ls_insn *insn, struct trap_frame *frame);

/* x0..x30 as wide as the instruction has it; 31 is lost. */
static inline void ls_set_register(const struct ls_insn *insn, struct trap_frame *frame,
                                   unsigned number, uint64_t value)
{
    unsigned unused = 64 - (8U << insn->size_log2);

    if (number == 31)
        return;
    value <<= unused;
    value = insn->flags & LS_SIGNED ? (uint64_t)((int64_t)value >> unused) : value >> unused;
    frame->x[number] = insn->wide ? value : (uint32_t)value;
}

#endif
