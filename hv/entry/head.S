/*
 * First instructions of Vellum, with the arm64 Image header that boot loaders know
 * (Linux Documentation/arch/arm64/booting.rst, "Call the kernel image").
 *
 * Boot CPU: x0 = FDT. MMU off, anywhere in RAM, at EL2 (else C says what is wrong).
 *   _start -> early_main (where we were loaded) -> relocated_entry (top of RAM) -> main
 * Other CPUs: x0 = struct cpu, from PSCI CPU_ON: secondary_entry -> main_secondary.
 */
#include "cpu/cpu_offsets.h"

    .section .head, "ax"
    .global _start
_start:
    b boot_entry
    .long 0
    .quad 0                             /* text_offset */
    .quad image_size                    /* with bss; from the linker script */
    .quad 0xa                           /* little-endian, 4K pages or any, anywhere in RAM */
    .quad 0
    .quad 0
    .quad 0
    .ascii "ARM\x64"
    .long 0

boot_entry:
    msr daifset, #0xf
    mov x19, x0
    adrp x1, early_stack_top
    add x1, x1, :lo12:early_stack_top
    mov sp, x1

    adrp x0, image_bss_start
    add x0, x0, :lo12:image_bss_start
    adrp x1, image_end
    add x1, x1, :lo12:image_end
1:  cmp x0, x1
    b.hs 2f
    str xzr, [x0], #8
    b 1b

2:  adrp x0, image_start
    bl relocate
    bl early_vectors
    mov x0, x19
    bl early_main                       /* returns the new image_start; does not return on error */

    adrp x1, image_start
    adr x2, relocated_entry
    sub x2, x2, x1
    add x2, x2, x0
    ic iallu
    dsb nsh
    isb
    br x2

/* In the copy at the top of RAM; x0 = its image_start. */
relocated_entry:
    bl relocate
    adrp x1, early_stack_top
    add x1, x1, :lo12:early_stack_top
    mov sp, x1
    bl early_vectors
    mov x29, xzr
    mov x30, xzr
    b main

/* Applies R_AARCH64_RELATIVE (1027), the only kind that the linker leaves, for base x0. */
relocate:
    adrp x1, rela_start
    add x1, x1, :lo12:rela_start
    adrp x2, rela_end
    add x2, x2, :lo12:rela_end
1:  cmp x1, x2
    b.hs 2f
    ldp x3, x4, [x1]
    ldr x5, [x1, #16]
    add x1, x1, #24
    cmp w4, #1027
    b.ne 1b
    add x5, x5, x0
    str x5, [x3, x0]
    b 1b
2:  ret

/* Something to fall into while there are no tables: at the EL that we are at. */
early_vectors:
    adrp x1, vectors
    add x1, x1, :lo12:vectors
    mrs x2, CurrentEL
    cmp x2, #8
    b.eq 1f
    msr vbar_el1, x1
    ret
1:  msr vbar_el2, x1
    adrp x1, early_cpu
    add x1, x1, :lo12:early_cpu
    msr tpidr_el2, x1
    ret

    .text
    .global secondary_entry
secondary_entry:
    msr daifset, #0xf
    ldr x1, [x0, #CPU_STACK]
    mov sp, x1
    msr tpidr_el2, x0
    adrp x1, vectors
    add x1, x1, :lo12:vectors
    msr vbar_el2, x1
    mov x29, xzr
    mov x30, xzr
    b main_secondary

    .bss
    .balign 1 << (STACK_SHIFT + 1)
    .skip 1 << (STACK_SHIFT + 1)
early_stack_top:
