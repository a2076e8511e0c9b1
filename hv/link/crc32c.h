/*
 * CRC-32C (Castagnoli), as in RFC 3720, appendix B.4: reflected, initial value and final XOR ~0.
 */
#ifndef VELLUM_LINK_CRC32C_H
#define VELLUM_LINK_CRC32C_H

#include "lib/types.h"

uint32_t crc32c(const void *bytes, size_t length);

#endif
