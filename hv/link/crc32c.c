/*
 * CRC-32C: with the CRC32C instructions of Armv8.1-A; by table where there are none, for native
 * tests. Called for every frame of the link, so the long loop takes 64 bytes a turn.
 */
#include "link/crc32c.h"

#ifdef __ARM_FEATURE_CRC32
#include <arm_acle.h>

static const uint8_t *crc_bytes(uint32_t *crc, const uint8_t *at, size_t length)
{
    for (const uint8_t *end = at + length; at < end; at++)
        *crc = __crc32cb(*crc, *at);
    return at;
}

uint32_t crc32c(const void *bytes, size_t length)
{
    uint32_t crc = ~UINT32_C(0);
    const uint8_t *at = bytes;
    const uint8_t *end = at + length;
    size_t head = -(uintptr_t)at % sizeof(uint64_t);

    at = crc_bytes(&crc, at, head < length ? head : length);
    for (; end - at >= 64; at += 64) {
        const uint64_t *word = __builtin_assume_aligned(at, sizeof(uint64_t));
        crc = __crc32cd(__crc32cd(crc, word[0]), word[1]);
        crc = __crc32cd(__crc32cd(crc, word[2]), word[3]);
        crc = __crc32cd(__crc32cd(crc, word[4]), word[5]);
        crc = __crc32cd(__crc32cd(crc, word[6]), word[7]);
    }
    for (; end - at >= 8; at += 8)
        crc = __crc32cd(crc, *(const uint64_t *)__builtin_assume_aligned(at, sizeof(uint64_t)));
    crc_bytes(&crc, at, (size_t)(end - at));
    return ~crc;
}
#else
#define POLYNOMIAL UINT32_C(0x82f63b78) /* 0x1edc6f41, bits reflected */

uint32_t crc32c(const void *bytes, size_t length)
{
    static uint32_t table[256];
    const uint8_t *at = bytes;
    uint32_t crc = ~UINT32_C(0);

    for (uint32_t i = 0; table[255] == 0 && i < 256; i++) {
        table[i] = i;
        for (int bit = 0; bit < 8; bit++)
            table[i] = table[i] >> 1 ^ (table[i] & 1 ? POLYNOMIAL : 0);
    }
    while (length--)
        crc = crc >> 8 ^ table[(crc ^ *at++) & 0xff];
    return ~crc;
}
#endif
