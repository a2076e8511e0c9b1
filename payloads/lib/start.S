/*
 * Entry of every payload: the arm64 Image header, then what a CPU does before C.
 *
 * The boot CPU comes here with x0 = FDT, MMU off, at EL1 or EL2 (Linux boot protocol); other CPUs
 * come to secondary_entry with x0 = their index, the context id that we gave to PSCI CPU_ON.
 * Linked at 0 and run anywhere: relocations are R_AARCH64_RELATIVE only, applied here.
 */
#include "lib/cpu.h"

    .macro adr_far reg, symbol
    adrp    \reg, \symbol
    add     \reg, \reg, :lo12:\symbol
    .endm

    .section .head, "ax"
    .global image
image:
    b       boot_entry
    .long   0
    .quad   0                       /* text_offset */
    .long   __image_size, 0         /* ABS32: the linker makes no relocation of it */
    .quad   0xa                     /* little-endian, 4K pages, anywhere in memory */
    .quad   0, 0, 0
    .ascii  "ARM\x64"
    .long   0

    .text
boot_entry:
    mov     x19, x0
    adr_far x0, image
    adr_far x1, __rela_start
    adr_far x2, __rela_end
1:  cmp     x1, x2                  /* relocate: *(image + offset) = image + addend */
    b.hs    2f
    ldp     x3, x4, [x1], #16
    ldr     x5, [x1], #8
    add     x5, x5, x0
    str     x5, [x0, x3]
    b       1b
2:  adr_far x1, __bss_start
    adr_far x2, __bss_end
3:  cmp     x1, x2
    b.hs    4f
    stp     xzr, xzr, [x1], #16
    b       3b
4:  mrs     x20, CurrentEL
    lsr     x20, x20, #2
    bl      drop_to_el1
    adr_far x0, stacks + STACK_SIZE
    mov     sp, x0
    mov     x0, x19
    bl      mmu_build
    bl      clean_image
    bl      mmu_enable
    mov     x0, x19
    mov     x1, x20
    b       payload_boot

    .global secondary_entry
secondary_entry:
    mov     x19, x0
    bl      drop_to_el1
    adr_far x0, stacks + STACK_SIZE
    mov     x1, #STACK_SIZE
    madd    x0, x19, x1, x0
    mov     sp, x0
    bl      mmu_enable
    mov     x0, x19
    b       payload_secondary

/*
 * What was written with the MMU off lies in memory, and older lines of it may lie in the caches:
 * drop those before the caches come on. Pairs with mmu_enable on every CPU.
 */
clean_image:
    adr_far x0, image
    adr_far x1, __image_end
    mrs     x2, ctr_el0
    ubfx    x2, x2, #16, #4         /* CTR_EL0.DminLine: log2 of words in a line */
    mov     x3, #4
    lsl     x3, x3, x2
1:  dc      ivac, x0
    add     x0, x0, x3
    cmp     x0, x1
    b.lo    1b
    dsb     sy
    ret

/* Goes on at EL1h with all interrupts masked, at whichever level it was called; uses x0, x1. */
drop_to_el1:
    msr     daifset, #0xf
    mrs     x0, CurrentEL
    cmp     x0, #(2 << 2)
    b.eq    1f
    ret
1:  mov     x0, #(1 << 31)          /* HCR_EL2.RW: EL1 is AArch64 */
    msr     hcr_el2, x0
    isb
    mov     x0, #3                  /* CNTHCTL_EL2: EL1 uses the physical counter and timer */
    msr     cnthctl_el2, x0
    msr     cntvoff_el2, xzr
    msr     vttbr_el2, xzr
    mrs     x0, midr_el1
    msr     vpidr_el2, x0
    mrs     x0, mpidr_el1
    msr     vmpidr_el2, x0
    mov     x0, #0x33ff             /* CPTR_EL2: RES1 bits, no trap of SIMD (TFP = 0) */
    msr     cptr_el2, x0
    mov     x0, #0xf                /* ICC_SRE_EL2: Enable, DIB, DFB, SRE */
    msr     S3_4_C12_C9_5, x0
    isb
    msr     S3_4_C12_C11_0, xzr     /* ICH_HCR_EL2 */
    ldr     x0, =SCTLR_EL1_RES1
    msr     sctlr_el1, x0
    adr_far x0, el2_vectors
    msr     vbar_el2, x0
    mov     x0, #0x3c5              /* EL1h, DAIF masked */
    msr     spsr_el2, x0
    msr     elr_el2, x30
    eret

/* We left EL2: an HVC finds nobody there but this, which answers NOT_SUPPORTED. */
    .balign 2048
el2_vectors:
    .rept   16
    .balign 128
    mov     x0, #-1
    eret
    .endr

    .section .stacks, "aw", %nobits
    .balign 16
stacks:
    .space  MAX_CPUS * STACK_SIZE
