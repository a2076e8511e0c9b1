/* Calls to what is below us, by the SMC Calling Convention: function id and arguments in x0..x3. */
#ifndef PAYLOADS_LIB_SMCCC_H
#define PAYLOADS_LIB_SMCCC_H

#include <stdint.h>

#define SMCCC_VERSION 0x80000000
#define SMCCC_NOT_SUPPORTED (-1)

struct smccc_result {
    uint64_t x0, x1, x2, x3;
};

#define SMCCC_CALL(instruction, function, a1, a2, a3)                                              \
    ({                                                                                             \
        register uint64_t x0_ __asm__("x0") = (function);                                          \
        register uint64_t x1_ __asm__("x1") = (a1);                                                \
        register uint64_t x2_ __asm__("x2") = (a2);                                                \
        register uint64_t x3_ __asm__("x3") = (a3);                                                \
        __asm__ volatile(instruction " #0"                                                         \
                         : "+r"(x0_), "+r"(x1_), "+r"(x2_), "+r"(x3_)                              \
                         :                                                                         \
                         : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",  \
                           "x15", "x16", "x17", "memory");                                         \
        (struct smccc_result){x0_, x1_, x2_, x3_};                                                 \
    })

static inline struct smccc_result smccc_hvc(uint64_t function)
{
    return SMCCC_CALL("hvc", function, 0, 0, 0);
}

#endif
