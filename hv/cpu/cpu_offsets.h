/*
 * Places in struct cpu that assembly uses; cpu/cpu.h asserts them.
 */
#ifndef VELLUM_CPU_CPU_OFFSETS_H
#define VELLUM_CPU_CPU_OFFSETS_H

#define CPU_STACK 0
#define CPU_EMERGENCY_STACK 8
#define CPU_EXIT_HVC 96

#define STACK_SHIFT 14
#define STACK_SIZE (1 << STACK_SHIFT)

#endif
