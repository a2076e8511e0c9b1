/*
 * Exception vectors of EL2, and the way back into the guest.
 *
 * From the guest, every exception is saved as a struct trap_frame on the CPU's stack and handed to
 * C. Only the null hypercall is answered here, before anything is saved: it is the yardstick of the
 * cost of an exit. From EL2 itself an exception is either a guarded access that faulted
 * (lib/guarded.S) or a bug.
 */
#include "cpu/cpu_offsets.h"
#include "cpu/sysreg.h"
#include "trap/frame.h"
#include "trap/hypercall.h"

    /* All of the frame but x0 and x1, which are there already. */
    .macro frame_save_rest
    .irp n, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28
    frame_pair stp, \n
    .endr
    mrs x0, elr_el2
    mrs x1, spsr_el2
    stp x30, xzr, [sp, #FRAME_PC - 16]
    stp x0, x1, [sp, #FRAME_PC]
    .endm

    .macro frame_save
    stp x0, x1, [sp, #-FRAME_SIZE]!
    frame_save_rest
    .endm

    .macro frame_pair op, n
    .set next, \n + 1
    frame_pair_ \op, \n, %next
    .endm
    .altmacro
    .macro frame_pair_ op, n, m
    \op x\n, x\m, [sp, #\n * 8]
    .endm

    .section .text.vectors, "ax"
    .balign 2048
    .global vectors
vectors:
    /* Current EL with SP_EL0: never used by Vellum. */
    .rept 4
    .balign 128
    b el2_exception
    .endr
    /* Current EL with SP_ELx: synchronous, IRQ, FIQ, SError. */
    .rept 4
    .balign 128
    b el2_exception
    .endr

    /* Lower EL, AArch64: synchronous. */
    .balign 128
    stp x0, x1, [sp, #-FRAME_SIZE]!
    mrs x1, esr_el2
    lsr x1, x1, #ESR_EC_SHIFT
    cmp x1, #EC_HVC64
    b.eq maybe_null_call
    b guest_sync
    /* IRQ: never routed to EL2 (HCR_EL2.IMO = 0). */
    .balign 128
    b guest_unexpected
    /* FIQ. */
    .balign 128
    b guest_fiq
    /* SError: never routed to EL2 (HCR_EL2.AMO = 0). */
    .balign 128
    b guest_unexpected

    /* Lower EL, AArch32: Vellum's guest has AArch64 EL1 only, but EL0 may be AArch32. */
    .balign 128
    stp x0, x1, [sp, #-FRAME_SIZE]!
    b guest_sync
    .balign 128
    b guest_unexpected
    .balign 128
    b guest_fiq
    .balign 128
    b guest_unexpected
    .balign 128

maybe_null_call:
    mov w1, #(HYPERCALL_NULL >> 16)
    cmp w1, w0, lsr #16
    b.ne guest_sync
    tst w0, #0xffff
    b.ne guest_sync
    mrs x1, tpidr_el2
    ldr x0, [x1, #CPU_EXIT_HVC]
    add x0, x0, #1
    str x0, [x1, #CPU_EXIT_HVC]
    ldr x1, [sp, #8]
    add sp, sp, #FRAME_SIZE
    mov x0, xzr
    eret

/* x0 and x1 are in the frame already. */
guest_sync:
    frame_save_rest
    mrs x2, esr_el2
    mrs x0, tpidr_el2
    mov x1, sp
    lsr x3, x2, #ESR_EC_SHIFT
    cmp x3, #EC_DATA_ABORT_LOWER
    b.ne 1f
    bl mmio_data_abort
    b guest_return
1:  bl trap_guest_sync
    b guest_return

guest_fiq:
    frame_save
    mov x0, sp
    bl irq_guest_fiq
    b guest_return

guest_unexpected:
    frame_save
    mov x0, sp
    bl trap_guest_unexpected
    b guest_return

/*
 * Back into the guest, from the struct trap_frame at SP.
 */
    .global guest_return
guest_return:
    ldp x0, x1, [sp, #FRAME_PC]
    ldr x30, [sp, #FRAME_PC - 16]
    msr elr_el2, x0
    msr spsr_el2, x1
    .irp n, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2
    frame_pair ldp, \n
    .endr
    ldp x0, x1, [sp], #FRAME_SIZE
    eret

/*
 * The first way in. x0: entry, x1: what the guest finds in x0, x2: PSTATE, x3: top of our stack.
 */
    .global guest_enter
guest_enter:
    mov sp, x3
    msr elr_el2, x0
    msr spsr_el2, x2
    mov x0, x1
    .irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, \
        24, 25, 26, 27, 28, 29, 30
    mov x\n, xzr
    .endr
    eret

/*
 * An exception at EL2: a guarded access that faulted (it goes on where trap_el2_sync says), or a
 * bug of ours. A stack lies in the upper half of a block of 2 * STACK_SIZE whose lower half is
 * unmapped, so one bit of SP tells an overflow: then nothing may be pushed there any more.
 */
el2_exception:
    sub sp, sp, #FRAME_SIZE
    add sp, sp, x0
    sub x0, sp, x0                      /* x0 = SP of the new frame */
    tbz x0, #STACK_SHIFT, el2_stack_overflow
    sub x0, sp, x0                      /* x0 = x0 */
    sub sp, sp, x0
    add sp, sp, #FRAME_SIZE
    frame_save
    mov x0, sp
    bl trap_el2
    b guest_return

/*
 * x0 and SP as left above. This CPU never goes back to its guest, so two of the guest's registers
 * may hold what no other register is free for.
 */
el2_stack_overflow:
    sub sp, sp, x0                      /* SP = x0 as interrupted; x0 = SP as interrupted, less a frame */
    msr sp_el0, x0
    mov x0, sp
    msr tpidrro_el0, x0
    mrs x0, tpidr_el2
    ldr x0, [x0, #CPU_EMERGENCY_STACK]
    mov sp, x0
    mrs x0, tpidrro_el0
    frame_save
    mov x0, sp
    mrs x1, sp_el0
    add x1, x1, #FRAME_SIZE
    bl trap_el2_stack_overflow
    b .
