/*
 * Guarded accesses that are more than one instruction (lib/guarded.h).
 */
    /* The instruction that follows may fault: then go on at \resume. */
    .macro guarded resume
    .pushsection .guarded, "a"
    .balign 4
    .word 9f - ., \resume - .
    .popsection
9:
    .endm

    .text
/* x0: to, x1: from, x2: bytes. */
    .global guarded_copy
guarded_copy:
    orr x3, x0, x1
    tst x3, #7
    b.ne 2f
1:  subs x3, x2, #8
    b.lo 2f
    guarded 4f
    ldr x4, [x1], #8
    guarded 4f
    str x4, [x0], #8
    mov x2, x3
    b 1b
2:  cbz x2, 3f
    guarded 4f
    ldrb w4, [x1], #1
    guarded 4f
    strb w4, [x0], #1
    sub x2, x2, #1
    b 2b
3:  mov x0, #1
    ret
4:  mov x0, #0
    ret

/* x0: uint64_t[18]. */
    .global guarded_smc
guarded_smc:
    stp x29, x30, [sp, #-32]!
    mov x29, sp
    stp x0, x18, [sp, #16]
    mov x30, x0
    ldp x16, x17, [x30, #128]
    ldp x14, x15, [x30, #112]
    ldp x12, x13, [x30, #96]
    ldp x10, x11, [x30, #80]
    ldp x8, x9, [x30, #64]
    ldp x6, x7, [x30, #48]
    ldp x4, x5, [x30, #32]
    ldp x2, x3, [x30, #16]
    ldp x0, x1, [x30]
    guarded guarded_smc_failed
    smc #0
    ldr x30, [sp, #16]
    stp x0, x1, [x30]
    stp x2, x3, [x30, #16]
    stp x4, x5, [x30, #32]
    stp x6, x7, [x30, #48]
    stp x8, x9, [x30, #64]
    stp x10, x11, [x30, #80]
    stp x12, x13, [x30, #96]
    stp x14, x15, [x30, #112]
    stp x16, x17, [x30, #128]
    mov x0, #1
1:  ldr x18, [sp, #24]
    ldp x29, x30, [sp], #32
    ret
guarded_smc_failed:
    mov x0, #0
    b 1b
