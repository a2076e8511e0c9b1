/*
 * One SIMD&FP register by number: C at EL2 is built without them, the guest's stay in place
 * (mmio/registers.c). x0: number, x1: 16 bytes of memory, aligned to 16.
 */
    .arch armv8-a+simd

    .macro table instruction
    adr x2, 1f
    add x2, x2, x0, lsl #3
    br x2
1:
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, \
        24, 25, 26, 27, 28, 29, 30, 31
    \instruction q\n, [x1]
    ret
    .endr
    .endm

    .text
    .global vector_read
vector_read:
    table str

    .global vector_write
vector_write:
    table ldr
