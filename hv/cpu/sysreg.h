/*
 * System registers that Vellum touches: encoding, fields by name, source.
 * Field names and positions: Arm Architecture Reference Manual for A-profile, DDI 0487, chapter D
 * "AArch64 System Register Descriptions", under the register's name; GIC registers: IHI 0069,
 * chapter 12. Names that an armv8.1-a assembler knows are used as they are; the others by encoding.
 */
#ifndef VELLUM_CPU_SYSREG_H
#define VELLUM_CPU_SYSREG_H

/* Newer than armv8.1-a, or of an extension that the build does not name. */
#define SYS_HCRX_EL2 S3_4_C1_C2_2
#define SYS_HFGRTR_EL2 S3_4_C1_C1_4
#define SYS_HFGWTR_EL2 S3_4_C1_C1_5
#define SYS_HFGITR_EL2 S3_4_C1_C1_6
#define SYS_HDFGRTR_EL2 S3_4_C3_C1_4
#define SYS_HDFGWTR_EL2 S3_4_C3_C1_5
#define SYS_HAFGRTR_EL2 S3_4_C3_C1_6
#define SYS_ZCR_EL2 S3_4_C1_C2_0
#define SYS_SMCR_EL2 S3_4_C1_C2_6
#define SYS_MPAM2_EL2 S3_4_C10_C5_0
#define SYS_MPAMHCR_EL2 S3_4_C10_C4_0
#define SYS_ID_AA64SMFR0_EL1 S3_0_C0_C4_5

/* GICv3 CPU interface (IHI 0069, 12.2) and its virtual control (12.4). */
#define SYS_ICC_PMR_EL1 S3_0_C4_C6_0
#define SYS_ICC_IAR0_EL1 S3_0_C12_C8_0
#define SYS_ICC_EOIR0_EL1 S3_0_C12_C8_1
#define SYS_ICC_BPR0_EL1 S3_0_C12_C8_3
#define SYS_ICC_SGI1R_EL1 S3_0_C12_C11_5
#define SYS_ICC_SGI0R_EL1 S3_0_C12_C11_7
#define SYS_ICC_CTLR_EL1 S3_0_C12_C12_4
#define SYS_ICC_SRE_EL1 S3_0_C12_C12_5
#define SYS_ICC_IGRPEN0_EL1 S3_0_C12_C12_6
#define SYS_ICC_SRE_EL2 S3_4_C12_C9_5
#define SYS_ICH_HCR_EL2 S3_4_C12_C11_0

/* ICC_SRE_EL2 */
#define ICC_SRE_SRE BIT(0)
#define ICC_SRE_ENABLE BIT(3)

/* HCR_EL2 */
#define HCR_VM BIT(0)
#define HCR_FMO BIT(3)
#define HCR_TSC BIT(19)
#define HCR_RW BIT(31)
#define HCR_E2H BIT(34)
#define HCR_APK BIT(40)
#define HCR_API BIT(41)
#define HCR_ENSCXT BIT(53)
#define HCR_ATA BIT(56)

/* CPTR_EL2, layout of E2H = 1 */
#define CPTR_ZEN (UINT64_C(3) << 16)
#define CPTR_FPEN (UINT64_C(3) << 20)
#define CPTR_SMEN (UINT64_C(3) << 24)
#define CPTR_E0POE BIT(29)

/* CNTHP_CTL_EL2 */
#define CNT_CTL_ENABLE BIT(0)

/* CNTHCTL_EL2, layout of E2H = 1 */
#define CNTHCTL_EL1PCTEN BIT(10)
#define CNTHCTL_EL1PTEN BIT(11)

/* MDCR_EL2 */
#define MDCR_TDE BIT(8)
#define MDCR_E2PB (UINT64_C(3) << 12)
#define MDCR_E2TB (UINT64_C(3) << 24)

/* MDSCR_EL1 */
#define MDSCR_SS BIT(0)

/* HCRX_EL2: every bit that, when 0, takes a feature from EL1. RES0 where the feature is not. */
#define HCRX_ENABLES                                                                               \
    (BIT(0) /* EnAS0 */ | BIT(1) /* EnALS */ | BIT(2) /* EnASR */ | BIT(11) /* MSCEn */ |          \
     BIT(14) /* TCR2En */ | BIT(15) /* SCTLR2En */ | BIT(17) /* D128En */ |                        \
     BIT(18) /* EnSNERR */ | BIT(20) /* EnSDERR */ | BIT(21) /* EnIDCP128 */ |                     \
     BIT(22) /* GCSEn */ | BIT(23) /* EnFPM */ | BIT(24) /* PACMEn */)

/* HFGRTR_EL2 and HFGWTR_EL2: the bits of reversed sense, 63..52 and 50 (nAMAIR2 to nACCDATA). */
#define HFGXTR_NO_TRAP (UINT64_C(0xfff4) << 48)
/* HFGITR_EL2: nGCSEPP, nGCSSTR_EL1, nGCSPUSHM_EL1, nBRBIALL, nBRBINJ. */
#define HFGITR_NO_TRAP (UINT64_C(0x1f) << 55)
/* HDFGRTR_EL2: nPMSNEVFR_EL1, nBRBDATA, nBRBCTL, nBRBIDR; HDFGWTR_EL2: the first three. */
#define HDFGRTR_NO_TRAP (UINT64_C(0xf) << 59)
#define HDFGWTR_NO_TRAP (UINT64_C(0x7) << 60)

/* SCTLR_EL2 with E2H = 1, and SCTLR_EL1 */
#define SCTLR_M BIT(0)
#define SCTLR_C BIT(2)
#define SCTLR_SA BIT(3)
#define SCTLR_I BIT(12)
#define SCTLR_WXN BIT(19)
#define SCTLR_SPAN BIT(23)
#define SCTLR_E0E BIT(24)
#define SCTLR_EE BIT(25)
#define SCTLR_DSSBS BIT(44)
/* LSMAOE, nTLSMD, SPAN, EIS, TSCXT, EOS and the bits that were RES1 in armv8.0. */
#define SCTLR_RES1 UINT64_C(0x30d00800)

/* TCR_EL2 with E2H = 1 (as TCR_EL1) */
#define TCR_T0SZ(bits) (64 - (uint64_t)(bits))
#define TCR_WBWA_INNER_SHAREABLE (BIT(8) | BIT(10) | (UINT64_C(3) << 12)) /* IRGN0 ORGN0 SH0 */
#define TCR_TG0_4K UINT64_C(0)
#define TCR_TG0_16K (UINT64_C(2) << 14)
#define TCR_EPD1 BIT(23)
#define TCR_IPS_SHIFT 32

/* VTCR_EL2: IRGN0, ORGN0, SH0 and TG0 lie as in TCR_EL2 */
#define VTCR_RES1 BIT(31)
#define VTCR_SL0_SHIFT 6
#define VTCR_PS_SHIFT 16

#define VTTBR_VMID_SHIFT 48

/* SPSR_EL2, and PSTATE as it is saved */
#define SPSR_EL1H UINT64_C(5)
#define SPSR_EL_MASK UINT64_C(0xf)
#define SPSR_AARCH32 BIT(4)
#define SPSR_DAIF (UINT64_C(0xf) << 6)
#define SPSR_BTYPE (UINT64_C(3) << 10)
#define SPSR_SSBS BIT(12)
#define SPSR_ALLINT BIT(13)
#define SPSR_SS BIT(21)
#define SPSR_PAN BIT(22)
#define SPSR_UAO BIT(23)
#define SPSR_DIT BIT(24)
#define SPSR_TCO BIT(25)
#define SPSR_NZCV (UINT64_C(0xf) << 28)

/* ESR_ELx */
#define ESR_EC(esr) FIELD(esr, 31, 26)
#define ESR_EC_SHIFT 26
#define ESR_IL BIT(25)
#define EC_UNKNOWN 0x00
#define EC_HVC64 0x16
#define EC_SMC64 0x17
#define EC_SYSREG 0x18
#define EC_INSTRUCTION_ABORT_LOWER 0x20
#define EC_DATA_ABORT_LOWER 0x24
#define EC_STEP_LOWER 0x32

/* ISS of a data abort (ESR_ELx, "ISS encoding for an exception from a Data Abort") */
#define ISS_DFSC(esr) ((esr)&0x3f)
#define ISS_WNR BIT(6)
#define ISS_S1PTW BIT(7)
#define ISS_CM BIT(8)
#define ISS_AR BIT(14)
#define ISS_SF BIT(15)
#define ISS_SRT(esr) FIELD(esr, 20, 16)
#define ISS_SSE BIT(21)
#define ISS_SAS(esr) FIELD(esr, 23, 22)
#define ISS_ISV BIT(24)
#define DFSC_EXTERNAL_ABORT 0x10
/* Translation fault at level 0..3: 0b0001LL. */
#define DFSC_IS_TRANSLATION(dfsc) (((dfsc)&0x3c) == 0x04)

/* ISS of a trapped MSR, MRS or system instruction: Op0 Op2 Op1 CRn CRm, without Rt and direction */
#define ISS_SYSREG(op0, op1, crn, crm, op2)                                                        \
    (((op0) << 20) | ((op2) << 17) | ((op1) << 14) | ((crn) << 10) | ((crm) << 1))
#define ISS_SYSREG_MASK UINT64_C(0x3ffc1e)
#define ISS_SYSREG_RT(esr) FIELD(esr, 9, 5)
#define ISS_SYSREG_READ BIT(0)

/* HPFAR_EL2: FIPA holds IPA[47:12] from bit 4 (to bit 51 of the IPA with FEAT_LPA) */
#define HPFAR_TO_IPA(hpfar) (FIELD(hpfar, 43, 4) << 12)

/* PAR_EL1 of an AT that succeeded (F = 0) */
#define PAR_F BIT(0)
#define PAR_PA(par) ((par) & (BIT(52) - 4096))

#define MPIDR_AFFINITY UINT64_C(0xff00ffffff)

#ifndef __ASSEMBLER__
#include "lib/types.h"

#define STRINGIFY_(x) #x
#define STRINGIFY(x) STRINGIFY_(x)

#define sysreg_read(name)                                                                          \
    ({                                                                                             \
        uint64_t value_;                                                                           \
        __asm__ volatile("mrs %0, " STRINGIFY(name) : "=r"(value_));                               \
        value_;                                                                                    \
    })
#define sysreg_write(name, value)                                                                  \
    __asm__ volatile("msr " STRINGIFY(name) ", %x0" : : "rZ"((uint64_t)(value)) : "memory")

static inline void isb(void)
{
    __asm__ volatile("isb" : : : "memory");
}

/* Field `name` of an ID register: 4 bits from `shift`. */
#define id_field(reg, shift) FIELD(sysreg_read(reg), (shift) + 3, shift)

#endif
#endif
