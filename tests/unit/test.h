/*
 * The runner of the native unit tests. A test is a function named for the behaviour it holds:
 *
 *     TEST(a_damaged_frame_costs_none_behind_it) { EXPECT_EQ(count, 1); }
 *
 * The first EXPECT that fails, or a panic, ends its test.
 */
#ifndef VELLUM_TESTS_UNIT_TEST_H
#define VELLUM_TESTS_UNIT_TEST_H

#include <stdint.h>

typedef void test_function(void);

void test_add(const char *name, test_function *function);
_Noreturn void test_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A generator of random numbers, the same in every run. */
uint32_t test_random(uint64_t *seed);

#define TEST(name)                                                                                 \
    static void name(void);                                                                        \
    __attribute__((constructor)) static void add_##name(void)                                      \
    {                                                                                              \
        test_add(#name, name);                                                                     \
    }                                                                                              \
    static void name(void)

#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition))                                                                          \
            test_fail(__FILE__, __LINE__, "%s", #condition);                                       \
    } while (0)

#define EXPECT_EQ(left, right)                                                                     \
    do {                                                                                           \
        uint64_t left_ = (uint64_t)(left), right_ = (uint64_t)(right);                             \
        if (left_ != right_)                                                                       \
            test_fail(__FILE__, __LINE__, "%s is %#llx, not %#llx", #left,                         \
                      (unsigned long long)left_, (unsigned long long)right_);                      \
    } while (0)

#endif
