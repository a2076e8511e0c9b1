/*
 * Every general register as the source and destination of a device access; see regs.h.
 * Two registers of the caller's are in use at a time: those that Rt is not. All of x19..x30 are kept.
 */
    .macro save_all
    stp     x29, x30, [sp, #-96]!
    stp     x19, x20, [sp, #16]
    stp     x21, x22, [sp, #32]
    stp     x23, x24, [sp, #48]
    stp     x25, x26, [sp, #64]
    stp     x27, x28, [sp, #80]
    .endm

    .macro restore_all
    ldp     x19, x20, [sp, #16]
    ldp     x21, x22, [sp, #32]
    ldp     x23, x24, [sp, #48]
    ldp     x25, x26, [sp, #64]
    ldp     x27, x28, [sp, #80]
    ldp     x29, x30, [sp], #96
    ret
    .endm

    /* wn = *address, out[n] = xn, with `base` (not xn) for both addresses; they lie on the stack */
    .macro load_one n, base
    ldr     \base, [sp, #0]
    mov     x\n, #-1                /* a 4-byte load must clear the high half */
    ldr     w\n, [\base]
    ldr     \base, [sp, #8]
    str     x\n, [\base, #(8 * \n)]
    .endm

    .text
    .global load_every_register
load_every_register:
    save_all
    stp     x0, x1, [sp, #-16]!
    .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    load_one \n, x20
    .endr
    .irp    n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
    load_one \n, x0
    .endr
    add     sp, sp, #16
    restore_all

    /* *address = values[n] from wn, out[n] = *address */
    .macro store_one n, base
    ldr     \base, [sp, #8]
    ldr     x\n, [\base, #(8 * \n)]
    ldr     \base, [sp, #0]
    str     w\n, [\base]
    ldr     w\n, [\base]
    ldr     \base, [sp, #16]
    str     x\n, [\base, #(8 * \n)]
    .endm

    .global store_every_register
store_every_register:
    save_all
    str     x2, [sp, #-16]!
    stp     x0, x1, [sp, #-16]!
    .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    store_one \n, x20
    .endr
    .irp    n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
    store_one \n, x0
    .endr
    add     sp, sp, #32
    restore_all
