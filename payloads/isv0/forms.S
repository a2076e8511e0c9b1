/*
 * The instructions that are run on memory and on trapped memory (forms.h), by the encoding classes of
 * the Arm ARM's "Loads and Stores". Base x1 or sp, index x2 (w2), data from x3 and v3 on.
 */
    .arch armv8.5-a+rcpc+lse+simd+pauth

    .macro form insn:vararg
    \insn
    .balignl 16, 0xd503201f /* NOP */
    .endm

    .macro forms2 first, second
    \first
    \second
    .balignl 16, 0xd503201f /* NOP */
    .endm

    /* Every way to name an address, of one register of that many bytes. */
    .macro addressed op, register, bytes
    form \op \register, [x1]
    form \op \register, [x1, #3 * \bytes]
    form \op \register, [x1, #\bytes]!
    form \op \register, [x1, #-5]!
    form \op \register, [x1], #\bytes
    form \op \register, [x1], #-256
    form \op \register, [sp]
    form \op \register, [sp, #16]!
    form \op \register, [sp], #32
    form \op \register, [x1, x2]
    form \op \register, [x1, x2, lsl #log2_\bytes]
    form \op \register, [x1, w2, uxtw]
    form \op \register, [x1, w29, sxtw]
    form \op \register, [x1, w29, sxtw #log2_\bytes]
    form \op \register, [x1, x29, sxtx]
    form \op \register, [sp, x2]
    .endm
    .set log2_1, 0
    .set log2_2, 1
    .set log2_4, 2
    .set log2_8, 3
    .set log2_16, 4

    .macro general suffix, register, bytes
    addressed ldr\suffix, \register, \bytes
    form ldur\suffix \register, [x1, #7]
    form ldtr\suffix \register, [x1, #\bytes]
    .endm

    .macro vector_pair register
    form ldp \register\()3, \register\()4, [x1]
    form stp \register\()3, \register\()4, [x1, #32]
    form ldp \register\()5, \register\()4, [x1, #16]!
    form stp \register\()6, \register\()4, [x1], #-64
    form ldnp \register\()3, \register\()4, [x1, #16]
    form stnp \register\()3, \register\()31, [x1, #16]
    form ldp \register\()3, \register\()4, [sp], #16
    .endm

    .macro general_pair register
    form ldp \register\()3, \register\()4, [x1]
    form stp \register\()3, \register\()4, [x1, #32]
    form ldp \register\()5, \register\()4, [x1, #16]!
    form stp \register\()6, \register\()4, [x1], #-64
    form ldnp \register\()3, \register\()4, [x1, #16]
    form stnp \register\()3, \register\()30, [x1, #16]
    form ldp \register\()3, \register\()zr, [sp], #16
    form stp \register\()zr, \register\()zr, [sp, #-16]!
    form ldp \register\()1, \register\()3, [x1]
    .endm

    .macro structures op, list:vararg
    form \op {\list}, [x1]
    form \op {\list}, [x1], x2
    form \op {\list}, [sp], x29
    .endm

    .macro whole arrangement
    .irp op, ld1, st1
    structures \op, v3.\arrangement
    structures \op, v30.\arrangement, v31.\arrangement
    structures \op, v31.\arrangement, v0.\arrangement, v1.\arrangement
    structures \op, v4.\arrangement, v5.\arrangement, v6.\arrangement, v7.\arrangement
    .endr
    .endm

    .macro interleaved_op op, arrangement
    structures \op\()2, v30.\arrangement, v31.\arrangement
    structures \op\()3, v31.\arrangement, v0.\arrangement, v1.\arrangement
    structures \op\()4, v4.\arrangement, v5.\arrangement, v6.\arrangement, v7.\arrangement
    .endm

    .macro interleaved arrangement
    interleaved_op ld, \arrangement
    interleaved_op st, \arrangement
    .endm

    .macro replicated arrangement
    structures ld1r, v3.\arrangement
    structures ld2r, v30.\arrangement, v31.\arrangement
    structures ld3r, v31.\arrangement, v0.\arrangement, v1.\arrangement
    structures ld4r, v4.\arrangement, v5.\arrangement, v6.\arrangement, v7.\arrangement
    .endm

    .macro lane_op op, element, index
    form \op\()1 {v3.\element}[\index], [x1]
    form \op\()2 {v3.\element, v4.\element}[\index], [x1], x2
    form \op\()3 {v3.\element, v4.\element, v5.\element}[\index], [sp]
    form \op\()4 {v30.\element, v31.\element, v0.\element, v1.\element}[\index], [x1], x29
    .endm

    .macro lane element, index
    lane_op ld, \element, \index
    lane_op st, \element, \index
    .endm

    .macro atomic op, suffix, register
    form ld\op\suffix \register\()3, \register\()4, [x1]
    form ld\op\()al\suffix \register\()5, \register\()5, [sp]
    form st\op\()l\suffix \register\()3, [x1]
    .endm

    .macro atomics suffix, register
    .irp op, add, clr, eor, set, smax, smin, umax, umin
    atomic \op, \suffix, \register
    .endr
    form swp\suffix \register\()3, \register\()4, [x1]
    form swpal\suffix \register\()zr, \register\()4, [x1]
    form cas\suffix \register\()3, \register\()4, [x1]
    forms2 "ldr\suffix \register\()5, [x1]", "casal\suffix \register\()5, \register\()6, [x1]"
    .endm

    .macro exclusives suffix, register
    form ldxr\suffix \register\()3, [x1]
    form stxr\suffix w4, \register\()3, [x1]
    forms2 "ldxr\suffix \register\()3, [x1]", "stxr\suffix w4, \register\()5, [x1]"
    forms2 "ldaxr\suffix \register\()3, [x1]", "stlxr\suffix w4, \register\()zr, [x1]"
    form ldar\suffix \register\()3, [x1]
    form stlr\suffix \register\()3, [x1]
    form ldlar\suffix \register\()3, [x1]
    form stllr\suffix \register\()3, [x1]
    form ldapr\suffix \register\()3, [x1]
    form ldapur\suffix \register\()3, [x1, #5]
    form stlur\suffix \register\()3, [x1, #-8]
    .endm

    .section .rodata
    .balign 16
    .global forms, forms_end
forms:
    general , x3, 8
    general , w3, 4
    general h, w3, 2
    general b, w3, 1
    general sb, w3, 1
    general sb, x3, 1
    general sh, w3, 2
    general sh, x3, 2
    general sw, x3, 4
    addressed str, x3, 8
    addressed str, w3, 4
    addressed strh, w3, 2
    addressed strb, w3, 1
    form str xzr, [x1], #8
    form ldr wzr, [x1], #8
    form sttr x3, [x1, #-9]
    form sttrh w3, [x1]
    form stur x3, [x1, #1]
    form ldapursb x3, [x1, #1]
    form ldapursh w3, [x1, #2]
    form ldapursw x3, [x1, #4]
    form ldraa x3, [x1, #8]!
    form ldrab x3, [x1]

    .irp op, ldr, str
    addressed \op, b3, 1
    addressed \op, h3, 2
    addressed \op, s3, 4
    addressed \op, d3, 8
    addressed \op, q3, 16
    .endr
    form ldur q31, [x1, #-3]
    form stur q0, [x1, #8]

    general_pair x
    general_pair w
    form ldpsw x3, x4, [x1]
    form ldpsw x3, x4, [x1, #8]!
    form ldpsw x3, x4, [sp], #-8
    .irp register, s, d, q
    vector_pair \register
    .endr

    .irp arrangement, 8b, 16b, 4h, 8h, 2s, 4s, 1d, 2d
    whole \arrangement
    replicated \arrangement
    .endr
    .irp arrangement, 8b, 16b, 4h, 8h, 2s, 4s, 2d
    interleaved \arrangement
    .endr
    lane b, 0
    lane b, 13
    lane h, 5
    lane s, 2
    lane d, 1

    atomics b, w
    atomics h, w
    atomics , w
    atomics , x
    form casp w4, w5, w6, w7, [x1]
    form casp x4, x5, x6, x7, [x1]
    forms2 "ldp x4, x5, [x1]", "caspal x4, x5, x6, x7, [x1]"
    forms2 "ldp w4, w5, [x1]", "caspal w4, w5, w6, w7, [x1]"

    exclusives b, w
    exclusives h, w
    exclusives , w
    exclusives , x
    forms2 "ldxp w3, w4, [x1]", "stxp w5, w6, w7, [x1]"
    forms2 "ldaxp x3, x4, [x1]", "stlxp w5, x6, x7, [x1]"
    forms2 "ldxp x3, x4, [x1]", "stxp w5, x4, x3, [sp]"

    form prfm pldl1keep, [x1]
    form prfm pstl2strm, [x1, x2]
    form prfum pldl1keep, [x1, #-1]
    form dc zva, x1
    form dc civac, x1
    form dc cvac, x1
forms_end:
