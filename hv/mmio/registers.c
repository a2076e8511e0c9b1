/*
 * The guest's registers as loads and stores see them (mmio/registers.h).
 */
#include "mmio/registers.h"

#include <string.h>

#include "cpu/sysreg.h"

/* mmio/vector.S */
void vector_read(uint64_t number, void *to);
void vector_write(uint64_t number, const void *from);

struct unaligned64 {
    uint64_t value;
} __attribute__((packed));

/* SP_EL0 at EL0 and at EL1t (PSTATE.SP = 0), else SP_EL1. */
static bool uses_sp_el0(const struct trap_frame *frame)
{
    return (frame->pstate & SPSR_EL_MASK) != SPSR_EL1H;
}

static uint64_t read_base(const struct ls_insn *insn, const struct trap_frame *frame)
{
    if (insn->rn != 31)
        return frame->x[insn->rn];
    return uses_sp_el0(frame) ? sysreg_read(sp_el0) : sysreg_read(sp_el1);
}

/* Xm or Wm, extended and shifted (DDI 0487, shared/functions/registers ExtendReg). */
static uint64_t index_value(const struct ls_insn *insn, const struct trap_frame *frame)
{
    uint64_t value = frame->x[insn->rm];

    if (insn->extend == 2)
        value = (uint32_t)value;
    else if (insn->extend == 6)
        value = (uint64_t)(int64_t)(int32_t)value;
    return value << insn->shift;
}

uint64_t ls_address_of_any(const struct ls_insn *insn, const struct trap_frame *frame)
{
    switch (insn->addressing) {
    case LS_LITERAL:
        return frame->pc + (uint64_t)(int64_t)insn->offset;
    case LS_REGISTER_OFFSET:
        return read_base(insn, frame) + index_value(insn, frame);
    case LS_POST_INDEX:
    case LS_POST_REGISTER:
        return read_base(insn, frame);
    default:
        return read_base(insn, frame) + (uint64_t)(int64_t)insn->offset;
    }
}

void ls_write_back(const struct ls_insn *insn, struct trap_frame *frame)
{
    uint64_t value;

    if (!ls_writes_back(insn))
        return;
    value = read_base(insn, frame);
    value +=
        insn->addressing == LS_POST_REGISTER ? frame->x[insn->rm] : (uint64_t)(int64_t)insn->offset;
    if (insn->rn != 31)
        frame->x[insn->rn] = value;
    else if (uses_sp_el0(frame))
        sysreg_write(sp_el0, value);
    else
        sysreg_write(sp_el1, value);
}

/* The i'th data register. */
static unsigned data_register(const struct ls_insn *insn, unsigned i)
{
    if (i == 1 && (insn->kind == LS_PAIR || insn->kind == LS_EXCLUSIVE))
        return insn->rt2;
    return (insn->rt + i) % 32;
}

/* Moves the elements of the i'th register between memory's bytes and vector[16]. */
static void move_vector(const struct ls_insn *insn, unsigned i, uint8_t *bytes, uint8_t *vector,
                        bool load)
{
    unsigned size = 1U << insn->size_log2, width = insn->flags & LS_Q ? 16 : 8;
    unsigned step = insn->interleave * size, place = 0, memory = i * size, count = 1;

    if (insn->kind == LS_STRUCTURES) {
        count = width / size;
        if (insn->interleave == 1)
            memory = i * width;
    } else if (insn->kind == LS_REPLICATE) {
        count = load ? width / size : 1;
        step = 0;
    } else if (insn->kind == LS_LANE) {
        place = insn->lane * size;
    }
    for (unsigned n = 0; n < count; n++) {
        uint8_t *in_vector = vector + place + n * size, *in_memory = bytes + memory + n * step;

        memcpy(load ? in_vector : in_memory, load ? in_memory : in_vector, size);
    }
}

static void scatter_vectors(const struct ls_insn *insn, uint8_t *bytes)
{
    for (unsigned i = 0; i < insn->registers; i++) {
        uint8_t vector[16] __attribute__((aligned(16))) = {0};

        /* Only a lane leaves the rest of its register as it was. */
        if (insn->kind == LS_LANE)
            vector_read(data_register(insn, i), vector);
        move_vector(insn, i, bytes, vector, true);
        vector_write(data_register(insn, i), vector);
    }
}

static void gather_vectors(const struct ls_insn *insn, uint8_t *bytes)
{
    for (unsigned i = 0; i < insn->registers; i++) {
        uint8_t vector[16] __attribute__((aligned(16)));

        vector_read(data_register(insn, i), vector);
        move_vector(insn, i, bytes, vector, false);
    }
}

void ls_gather(const struct ls_insn *insn, const struct trap_frame *frame, uint8_t *bytes)
{
    if (insn->vector) {
        gather_vectors(insn, bytes);
        return;
    }
    /* Each 8 bytes wide: the next, and nobody, overwrites what is too much. */
    for (unsigned i = 0; i < insn->registers; i++)
        ((struct unaligned64 *)(bytes + (i << insn->size_log2)))->value =
            frame->x[data_register(insn, i)];
}

void ls_scatter(const struct ls_insn *insn, struct trap_frame *frame, uint8_t *bytes)
{
    if (insn->vector) {
        scatter_vectors(insn, bytes);
        return;
    }
    for (unsigned i = 0; i < insn->registers; i++)
        ls_set_register(insn, frame, data_register(insn, i),
                        ((struct unaligned64 *)(bytes + (i << insn->size_log2)))->value);
}
