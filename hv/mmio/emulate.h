/*
 * Performs a decoded load or store of the guest in its place: element by element, on the device,
 * the model or the memory that each address has, recording those in watched ranges.
 */
#ifndef VELLUM_MMIO_EMULATE_H
#define VELLUM_MMIO_EMULATE_H

#include "mmio/decode.h"
#include "mmio/region.h"
#include "mmio/registers.h"
#include "trap/frame.h"

#define LS_PAGE UINT64_C(4096) /* the smallest of stage 1, whatever the guest has */

struct cpu;

/* A decoded instruction and where in the guest's physical memory it goes. */
struct ls_access {
    struct ls_insn insn;
    uint64_t va;    /* of the lowest byte */
    uint64_t bytes; /* from there on */
    uint64_t
        page[2]; /* IPA of the 4K page of va, and of the one behind, when the access gets there */
};

enum ls_outcome {
    LS_DONE,    /* the guest goes on behind the instruction */
    LS_FAULTED, /* an element was refused: nothing of the registers has changed */
    LS_LEFT,    /* nothing has been done: the CPU itself has to do it */
};

/* With LS_FAULTED, *fault is the virtual address and *address the IPA of the element. */
enum ls_outcome ls_emulate(struct cpu *cpu, struct trap_frame *frame,
                           const struct ls_access *access, uint64_t *fault, uint64_t *address);

/*
 * Records what an instruction that the CPU has done itself read or wrote, as far as its registers
 * still tell. False: they do not, as ls_tells said before.
 */
void ls_record(struct cpu *cpu, const struct trap_frame *frame, uint64_t pc,
               const struct ls_access *access);
bool ls_tells(const struct ls_insn *insn);

/* Exclusives, atomics, compare and swap (mmio/emulate_atomic.c). */
enum ls_outcome ls_emulate_atomic(struct cpu *cpu, struct trap_frame *frame,
                                  const struct ls_access *access);

/* One element of 1 << size_log2 bytes at an IPA: performed, and recorded. False: refused. */
bool ls_element(struct cpu *cpu, uint64_t pc, uint64_t address, unsigned size_log2, bool write,
                uint64_t *value);

/* Records it alone, when its range is watched. */
void ls_element_record(struct cpu *cpu, const struct region *region, uint64_t pc, uint64_t address,
                       unsigned size_log2, bool write, uint64_t value);

/* ls_locate of an access that lies in two pages. */
bool ls_locate_pages(struct ls_access *access, const struct trap_frame *frame, uint64_t far,
                     uint64_t address);

/*
 * Fills all but insn, from the stage 2 fault at `far` (FAR_EL2) whose IPA is `address`. False: the
 * instruction could not have made that fault, or a page of it is not mapped by the guest.
 */
static inline bool ls_locate(struct ls_access *access, const struct trap_frame *frame, uint64_t far,
                             uint64_t address)
{
    const struct ls_insn *insn = &access->insn;

    access->bytes = ls_bytes(insn);
    access->va = ls_address(insn, frame);
    /* Only the CPU can authenticate an address: here it comes from the fault. */
    if (__builtin_expect(insn->kind == LS_AUTHENTICATED, 0))
        access->va = far;
    if ((far - access->va) << 8 >> 8 >= access->bytes) /* but for a tag */
        return false;
    if ((access->va & (LS_PAGE - 1)) + access->bytes > LS_PAGE)
        return ls_locate_pages(access, frame, far, address);
    access->page[0] = address & ~(LS_PAGE - 1);
    return true;
}

/* IPA of the byte at `offset` of an access. */
static inline uint64_t ls_ipa(const struct ls_access *access, uint64_t offset)
{
    uint64_t at = (access->va & 0xfff) + offset;

    return access->page[at >> 12] + (at & 0xfff);
}

#endif
