/* PSCI 1.1 (Arm DEN0022), by the conduit that the FDT names. */
#ifndef PAYLOADS_LIB_PSCI_H
#define PAYLOADS_LIB_PSCI_H

#include <stdint.h>

#define PSCI_SUCCESS 0
#define PSCI_NOT_SUPPORTED (-1)
#define PSCI_INVALID_PARAMETERS (-2)
#define PSCI_DENIED (-3)
#define PSCI_ALREADY_ON (-4)
#define PSCI_ON_PENDING (-5)

#define PSCI_AFFINITY_ON 0
#define PSCI_AFFINITY_OFF 1
#define PSCI_AFFINITY_ON_PENDING 2

uint32_t psci_version(void);
int64_t psci_features(uint32_t function);
int64_t psci_cpu_on(uint64_t mpidr, uint64_t entry, uint64_t context);
int64_t psci_cpu_off(void);
int64_t psci_affinity_info(uint64_t mpidr);
void psci_system_off(void);
void psci_system_reset(void);
/* Any function id, three arguments zero: what a caller sees in x0. */
int64_t psci_call(uint64_t function);

#endif
