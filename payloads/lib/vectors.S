/*
 * EL1 exception vectors: save what C may change in a struct frame, call exception_take(frame,
 * kind) and return to where the frame says.
 */
#include "lib/cpu.h"

    .macro entry kind
    .balign 128
    sub     sp, sp, #FRAME_SIZE
    stp     x0, x1, [sp, #0]
    mov     x1, #\kind
    b       common
    .endm

    .text
    .balign 2048
    .global vectors
vectors:
    entry   EXC_BAD                 /* current EL with SP_EL0 */
    entry   EXC_BAD
    entry   EXC_BAD
    entry   EXC_BAD
    entry   EXC_SYNC                /* current EL with SP_ELx */
    entry   EXC_IRQ
    entry   EXC_FIQ
    entry   EXC_SERROR
    entry   EXC_BAD                 /* EL0: payloads have none */
    entry   EXC_BAD
    entry   EXC_BAD
    entry   EXC_BAD
    entry   EXC_BAD
    entry   EXC_BAD
    entry   EXC_BAD
    entry   EXC_BAD

common:
    stp     x2, x3, [sp, #16]
    stp     x4, x5, [sp, #32]
    stp     x6, x7, [sp, #48]
    stp     x8, x9, [sp, #64]
    stp     x10, x11, [sp, #80]
    stp     x12, x13, [sp, #96]
    stp     x14, x15, [sp, #112]
    stp     x16, x17, [sp, #128]
    stp     x18, x30, [sp, #144]
    mrs     x2, elr_el1
    mrs     x3, spsr_el1
    stp     x2, x3, [sp, #FRAME_ELR]
    mov     x0, sp
    bl      exception_take
    ldp     x2, x3, [sp, #FRAME_ELR]
    msr     elr_el1, x2
    msr     spsr_el1, x3
    ldp     x2, x3, [sp, #16]
    ldp     x4, x5, [sp, #32]
    ldp     x6, x7, [sp, #48]
    ldp     x8, x9, [sp, #64]
    ldp     x10, x11, [sp, #80]
    ldp     x12, x13, [sp, #96]
    ldp     x14, x15, [sp, #112]
    ldp     x16, x17, [sp, #128]
    ldp     x18, x30, [sp, #144]
    ldp     x0, x1, [sp, #0]
    add     sp, sp, #FRAME_SIZE
    eret
