/* CRC-32C: the vectors of RFC 3720, appendix B.4. */
#include "link/crc32c.h"

#include <string.h>

#include "test.h"

TEST(zeroes)
{
    uint8_t bytes[32] = {0};
    EXPECT_EQ(crc32c(bytes, 32), 0x8a9136aa);
}

TEST(ones)
{
    uint8_t bytes[32];
    memset(bytes, 0xff, sizeof(bytes));
    EXPECT_EQ(crc32c(bytes, 32), 0x62a8ab43);
}

TEST(rising_and_falling)
{
    uint8_t up[32], down[32];
    for (unsigned i = 0; i < 32; i++)
        up[i] = down[31 - i] = (uint8_t)i;
    EXPECT_EQ(crc32c(up, 32), 0x46dd794e);
    EXPECT_EQ(crc32c(down, 32), 0x113fdb5c);
}

TEST(an_iscsi_read_command)
{
    static const uint8_t bytes[48] = {
        0x01, 0xc0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00,
        0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x18, 0x28, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    };
    EXPECT_EQ(crc32c(bytes, sizeof(bytes)), 0xd9963a56);
}

TEST(nothing_at_all)
{
    EXPECT_EQ(crc32c("", 0), 0);
}
