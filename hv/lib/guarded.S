/*
 * Accesses that may fault (lib/guarded.h). Between guarded_begin and guarded_end no stack is used,
 * except by guarded_smc, so that a fault can go on at guarded_failed with nothing to undo.
 */
    .section .text.guarded, "ax"
    .balign 64
guarded_begin:

/* x0: address, w1: log2 of the size. Each form is two instructions, eight bytes. */
    .global guarded_read_
guarded_read_:
    adr x2, 1f
    add x2, x2, w1, uxtw #3
    mov x1, #1
    br x2
1:  ldrb w0, [x0]
    ret
    ldrh w0, [x0]
    ret
    ldr w0, [x0]
    ret
    ldr x0, [x0]
    ret

/* x0: address, x1: value, w2: log2 of the size. */
    .global guarded_write_
guarded_write_:
    adr x3, 1f
    add x3, x3, w2, uxtw #3
    mov x2, x0
    mov x0, #1
    br x3
1:  strb w1, [x2]
    ret
    strh w1, [x2]
    ret
    str w1, [x2]
    ret
    str x1, [x2]
    ret

/* x0: to, x1: from, x2: bytes. */
    .global guarded_copy
guarded_copy:
    orr x3, x0, x1
    tst x3, #7
    b.ne 2f
1:  subs x3, x2, #8
    b.lo 2f
    ldr x4, [x1], #8
    str x4, [x0], #8
    mov x2, x3
    b 1b
2:  cbz x2, 3f
    ldrb w4, [x1], #1
    strb w4, [x0], #1
    sub x2, x2, #1
    b 2b
3:  mov x0, #1
    ret
guarded_end:

/* Both results say no. */
guarded_failed:
    mov x0, #0
    mov x1, #0
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
guarded_smc_instruction:
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

/* x0: PC of the fault. */
    .global guarded_resume
guarded_resume:
    adr x1, guarded_begin
    cmp x0, x1
    b.lo 1f
    adr x1, guarded_end
    cmp x0, x1
    adr x2, guarded_failed
    b.lo 2f
1:  adr x1, guarded_smc_instruction
    cmp x0, x1
    adr x2, guarded_smc_failed
    csel x2, x2, xzr, eq
2:  mov x0, x2
    ret
