/*
 * EL2 of one CPU, set so that the guest has all that the CPU has, and goes in.
 */
#include "cpu/cpu.h"
#include "cpu/world.h"
#include "irq/gic.h"
#include "mem/stage2.h"
#include "trap/trap.h"

/* SVE and SME: the longest vectors, and everything that EL1 could otherwise be denied. */
static void open_vectors(void)
{
    uint64_t cptr = CPTR_FPEN;
    bool sve = id_field(id_aa64pfr0_el1, 32) != 0;
    bool sme = id_field(id_aa64pfr1_el1, 24) != 0;

    if (sve)
        cptr |= CPTR_ZEN;
    if (sme)
        cptr |= CPTR_SMEN;
    if (id_field(S3_0_C0_C7_3, 16) != 0) /* ID_AA64MMFR3_EL1.S1POE */
        cptr |= CPTR_E0POE;
    sysreg_write(cptr_el2, cptr);
    isb();
    if (sve)
        sysreg_write(SYS_ZCR_EL2, 0xf);
    if (sme) {
        uint64_t features = sysreg_read(SYS_ID_AA64SMFR0_EL1);
        uint64_t fa64 = features & BIT(63) ? BIT(31) : 0;
        uint64_t ezt0 = FIELD(features, 59, 56) != 0 ? BIT(30) : 0;

        sysreg_write(SYS_SMCR_EL2, 0xf | fa64 | ezt0);
    }
}

/* Traps of newer extensions, whose bits deny when they are 0. */
static void open_features(void)
{
    if (id_field(id_aa64mmfr0_el1, 56) != 0) { /* FGT */
        sysreg_write(SYS_HFGRTR_EL2, HFGXTR_NO_TRAP);
        sysreg_write(SYS_HFGWTR_EL2, HFGXTR_NO_TRAP);
        sysreg_write(SYS_HFGITR_EL2, HFGITR_NO_TRAP);
        sysreg_write(SYS_HDFGRTR_EL2, HDFGRTR_NO_TRAP);
        sysreg_write(SYS_HDFGWTR_EL2, HDFGWTR_NO_TRAP);
        if (id_field(id_aa64pfr0_el1, 44) != 0) /* AMU */
            sysreg_write(SYS_HAFGRTR_EL2, 0);
    }
    if (id_field(id_aa64mmfr1_el1, 40) != 0) /* HCX */
        sysreg_write(SYS_HCRX_EL2, HCRX_ENABLES);
    if (id_field(id_aa64pfr0_el1, 40) != 0) { /* MPAM */
        sysreg_write(SYS_MPAM2_EL2, 0);
        if (sysreg_read(S3_0_C10_C4_4) & BIT(17)) /* MPAMIDR_EL1.HAS_HCR */
            sysreg_write(SYS_MPAMHCR_EL2, 0);
    }
}

/* Debug, profiling and trace: the guest's, as is the whole PMU. */
static uint64_t mdcr(void)
{
    uint64_t value = 0, pmu = id_field(id_aa64dfr0_el1, 8);

    if (pmu != 0 && pmu != 0xf)
        value |= FIELD(sysreg_read(pmcr_el0), 15, 11); /* HPMN = PMCR_EL0.N */
    if (id_field(id_aa64dfr0_el1, 32) != 0)
        value |= MDCR_E2PB;
    if (id_field(id_aa64dfr0_el1, 44) != 0)
        value |= MDCR_E2TB;
    return value;
}

static uint64_t hcr(void)
{
    uint64_t value = HCR_VM | HCR_FMO | HCR_TSC | HCR_RW | HCR_E2H;

    if (FIELD(sysreg_read(id_aa64isar1_el1), 11, 4) != 0 ||
        FIELD(sysreg_read(id_aa64isar1_el1), 31, 24) != 0 ||
        FIELD(sysreg_read(S3_0_C0_C6_2), 15, 8) != 0) /* APA, API, GPA, GPI; ISAR2: GPA3, APA3 */
        value |= HCR_API | HCR_APK;
    if (id_field(id_aa64pfr1_el1, 8) >= 2) /* MTE */
        value |= HCR_ATA;
    if (id_field(id_aa64pfr0_el1, 56) >= 2) /* CSV2: SCXTNUM */
        value |= HCR_ENSCXT;
    return value;
}

void cpu_setup_el2(struct cpu *cpu)
{
    sysreg_write(hstr_el2, 0);
    sysreg_write(hacr_el2, 0);
    sysreg_write(mdcr_el2, mdcr());
    sysreg_write(cnthctl_el2, CNTHCTL_EL1PCTEN | CNTHCTL_EL1PTEN);
    sysreg_write(cntvoff_el2, 0);
    sysreg_write(vpidr_el2, sysreg_read(midr_el1));
    sysreg_write(vmpidr_el2, sysreg_read(mpidr_el1));
    open_vectors();
    open_features();
    gic_init_cpu(cpu);
    stage2_enable();
    sysreg_write(hcr_el2, hcr());
    isb();
}

void cpu_enter_guest(struct cpu *cpu)
{
    /* What the Linux boot protocol and PSCI ask for: MMU off, timers off, no debug. */
    sysreg_write(sctlr_el12, SCTLR_RES1);
    sysreg_write(cpacr_el12, 0);
    sysreg_write(cntkctl_el12, 0);
    sysreg_write(cntv_ctl_el02, 0);
    sysreg_write(cntp_ctl_el02, 0);
    sysreg_write(mdscr_el1, 0);
    cpu_set_on(cpu);
    world_pause();
    guest_enter(cpu->entry, cpu->context, SPSR_EL1H | SPSR_DAIF, cpu->stack);
}
