/*
 * Guarded atomic accesses (mmio/atomic.h). Tables of code, a row of 16 bytes for each operation
 * and size.
 */
    .arch armv8.1-a

    .macro guarded_row instruction, w, value, result
9:  \instruction \w\()\value, \w\()\result, [x0]
    b atomic_done
    nop
    nop
    .pushsection .guarded, "a"
    .balign 4
    .word 9b - ., atomic_failed - .
    .popsection
    .endm

    .macro guarded_sizes instruction, value, result
    guarded_row \instruction\()b, w, \value, \result
    guarded_row \instruction\()h, w, \value, \result
    guarded_row \instruction, w, \value, \result
    guarded_row \instruction, x, \value, \result
    .endm

    .text
/* x0: address, w1: operation, w2: log2 of the size, x3: value in, old value out. */
    .global guarded_atomic
guarded_atomic:
    ldr x5, [x3]
    adr x4, 1f
    lsl w1, w1, #2
    add x4, x4, w1, uxtw #4
    add x4, x4, w2, uxtw #4
    br x4
    .balign 16
1:
    .irp op, ldadd, ldclr, ldeor, ldset, ldsmax, ldsmin, ldumax, ldumin, swp
    guarded_sizes \op\()al, 5, 5
    .endr

atomic_done:
    str x5, [x3]
    mov w0, #1
    ret
atomic_failed:
    mov w0, #0
    ret

/* x0: address, w1: log2 of the size, x2: expected in, old value out, x3: new value. */
    .global guarded_cas
guarded_cas:
    mov x6, x3
    mov x3, x2
    ldr x5, [x2]
    adr x4, 1f
    add x4, x4, w1, uxtw #4
    br x4
    .balign 16
1:
    guarded_sizes casal, 5, 6

/* x0: address, x1: expected in, old value out, x2: new value; 16 bytes each. */
    .global guarded_casp
guarded_casp:
    ldp x4, x5, [x1]
    ldp x6, x7, [x2]
9:  caspal x4, x5, x6, x7, [x0]
    .pushsection .guarded, "a"
    .balign 4
    .word 9b - ., atomic_failed - .
    .popsection
    stp x4, x5, [x1]
    mov w0, #1
    ret
