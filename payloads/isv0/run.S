/*
 * Runs one form with all registers given, and takes all of them back (forms.h). Copied to where it
 * can be written to, so that the words at run_slot can be replaced. TPIDRRO_EL0 keeps the argument,
 * TPIDR_EL0 x0.
 */
#include "isv0/forms.h"

    .arch armv8-a+simd

    .macro pairs op
    .irp n, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28
    pair \op, \n
    .endr
    .endm
    .macro pair op, n
    .set next, \n + 1
    .altmacro
    pair_ \op, \n, %next
    .noaltmacro
    .endm
    .macro pair_ op, n, m
    \op x\n, x\m, [x0, #\n * 8]
    .endm

    .macro vectors op
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, \
        24, 25, 26, 27, 28, 29, 30, 31
    \op q\n, [x0, #REGISTERS_V + \n * 16]
    .endr
    .endm

    .text
    .balign 16
    .global run, run_slot, run_end
run:
    stp x29, x30, [sp, #-96]!
    stp x19, x20, [sp, #16]
    stp x21, x22, [sp, #32]
    stp x23, x24, [sp, #48]
    stp x25, x26, [sp, #64]
    stp x27, x28, [sp, #80]
    mov x1, sp
    str x1, [x0, #REGISTERS_OWN_SP]
    msr tpidrro_el0, x0
    vectors ldr
    ldr x1, [x0, #REGISTERS_NZCV]
    msr nzcv, x1
    ldr x1, [x0, #REGISTERS_SP]
    mov sp, x1
    pairs ldp
    ldr x30, [x0, #240]
    ldp x0, x1, [x0]
    .balign 16
run_slot:
    nop
    nop
    nop
    nop
    msr tpidr_el0, x0
    mrs x0, tpidrro_el0
    pairs stp
    str x30, [x0, #240]
    mrs x2, tpidr_el0
    stp x2, x1, [x0]
    mov x1, sp
    str x1, [x0, #REGISTERS_SP]
    mrs x1, nzcv
    str x1, [x0, #REGISTERS_NZCV]
    vectors str
    ldr x1, [x0, #REGISTERS_OWN_SP]
    mov sp, x1
    ldp x19, x20, [sp, #16]
    ldp x21, x22, [sp, #32]
    ldp x23, x24, [sp, #48]
    ldp x25, x26, [sp, #64]
    ldp x27, x28, [sp, #80]
    ldp x29, x30, [sp], #96
    ret
    .balign 16
run_end:
