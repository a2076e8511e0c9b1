# The hypervisor: build/vellum.elf and build/vellum.img from hv/**.

HV_SOURCES := $(sort $(wildcard hv/*/*.c hv/*/*.S))
HV_OBJECTS := $(HV_SOURCES:%=build/%.o)

HV_FLAGS := -Ihv -isystem $(NEWLIB)/include -isystem $(LIBFDT)/include \
    -std=gnu11 -O2 -g -ffreestanding -fpie -fno-common -fno-stack-protector \
    -fno-omit-frame-pointer -fno-asynchronous-unwind-tables -ffunction-sections \
    -march=armv8.1-a+crc -mgeneral-regs-only -mno-outline-atomics \
    -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes
# What runs with the MMU off must not access memory unaligned.
HV_STRICT := -mstrict-align
build/hv/trace/%.o: HV_STRICT :=
build/hv/mmio/%.o: HV_STRICT :=
build/hv/trap/%.o: HV_STRICT :=

build/hv/%.c.o: hv/%.c | $(HV_TOOLS)
	@mkdir -p $(@D)
	@echo "  CC   $<"
	@$(CROSS)gcc $(HV_FLAGS) $(HV_STRICT) -MMD -MP -c -o $@ $<

build/hv/%.S.o: hv/%.S | $(HV_TOOLS)
	@mkdir -p $(@D)
	@echo "  AS   $<"
	@$(CROSS)gcc $(HV_FLAGS) -MMD -MP -c -o $@ $<

HV_LINK = $(CROSS)gcc -nostdlib -static-pie -Wl,-T,hv/vellum.lds,-z,norelro,-z,notext,--no-warn-rwx-segments,-z,noexecstack \
    -Wl,--no-dynamic-linker,--build-id=none,--gc-sections

build/vellum.elf: $(HV_OBJECTS) hv/vellum.lds
	@echo "  LD   $@"
	@$(HV_LINK) -o $@ $(HV_OBJECTS) $(LIBFDT)/lib/libfdt.a $(NEWLIB)/lib/libc.a

build/vellum.img: build/vellum.elf
	@echo "  IMG  $@"
	@$(CROSS)objcopy -O binary $< $@

# The same by clang, to hold what its warnings see: build/clang/vellum.elf.
CLANG_OBJECTS := $(HV_SOURCES:%=build/clang/%.o)
build/clang/hv/trace/%.o: HV_STRICT :=
build/clang/hv/mmio/%.o: HV_STRICT :=
build/clang/hv/trap/%.o: HV_STRICT :=

build/clang/hv/%.o: hv/% | $(HV_TOOLS)
	@mkdir -p $(@D)
	@clang --target=$(CROSS:-=) $(HV_FLAGS) $(if $(filter %.c,$<),$(HV_STRICT)) -MMD -MP -c -o $@ $<

build/clang/vellum.elf: $(CLANG_OBJECTS) hv/vellum.lds
	@$(HV_LINK) -o $@ $(CLANG_OBJECTS) $(LIBFDT)/lib/libfdt.a $(NEWLIB)/lib/libc.a

build/clang/vellum.img: build/clang/vellum.elf
	@$(CROSS)objcopy -O binary $< $@

.PHONY: clang
clang: build/clang/vellum.img

-include $(HV_OBJECTS:.o=.d) $(CLANG_OBJECTS:.o=.d)
