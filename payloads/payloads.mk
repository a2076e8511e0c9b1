# The payloads: build/payloads/NAME.img (and NAME.elf) from payloads/NAME/*.c, *.S and payloads/lib.
# Included by the Makefile; `make payloads` builds them all. A folder of payloads/ that has a C file
# is a payload, so a new one needs no line here.

PAYLOAD_CROSS ?= aarch64-linux-gnu-
PAYLOAD_CC := $(PAYLOAD_CROSS)gcc
PAYLOAD_OUT := build/payloads
PAYLOAD_TOOLCHAIN := build/toolchain
PAYLOAD_NAMES := $(filter-out lib linux initramfs,$(sort $(patsubst payloads/%/,%,$(dir $(wildcard payloads/*/*.c)))))
PAYLOAD_LIB_SOURCES := $(wildcard payloads/lib/*.c payloads/lib/*.S)

# No SIMD of our own (an ISV=1 access is what the source says) and position-independent.
PAYLOAD_CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Werror -mgeneral-regs-only -mno-outline-atomics \
    -mstrict-align -fpie -fvisibility=hidden -ffreestanding -fno-stack-protector \
    -fno-asynchronous-unwind-tables -ffunction-sections -nostdinc \
    -isystem $(PAYLOAD_TOOLCHAIN)/newlib/include -isystem $(PAYLOAD_TOOLCHAIN)/libfdt/include \
    -isystem $(shell $(PAYLOAD_CC) -print-file-name=include) -Ipayloads
PAYLOAD_LDFLAGS := -nostdlib -static-pie -Wl,--no-dynamic-linker,--build-id=none,--gc-sections \
    -Wl,-z,max-page-size=4096,-z,norelro,--no-warn-rwx-segments,-T,payloads/lib/payload.ld
PAYLOAD_LIBS := -L$(PAYLOAD_TOOLCHAIN)/libfdt/lib -L$(PAYLOAD_TOOLCHAIN)/newlib/lib -lfdt -lc -lgcc

.PHONY: payloads
payloads: $(PAYLOAD_NAMES:%=$(PAYLOAD_OUT)/%.img)

$(PAYLOAD_OUT)/%.o: payloads/%.c payloads/payloads.mk
	@mkdir -p $(@D)
	$(PAYLOAD_CC) $(PAYLOAD_CFLAGS) -MMD -MP -c $< -o $@

$(PAYLOAD_OUT)/%.o: payloads/%.S payloads/payloads.mk
	@mkdir -p $(@D)
	$(PAYLOAD_CC) $(PAYLOAD_CFLAGS) -MMD -MP -c $< -o $@

# payload_objects NAME: those of its own sources and those of the library
payload_objects = $(patsubst payloads/%,$(PAYLOAD_OUT)/%.o,$(basename \
    $(wildcard payloads/$(1)/*.c payloads/$(1)/*.S) $(PAYLOAD_LIB_SOURCES)))

define payload_rule
$(PAYLOAD_OUT)/$(1).elf: $(call payload_objects,$(1)) payloads/lib/payload.ld
	$$(PAYLOAD_CC) $$(PAYLOAD_LDFLAGS) $$(filter %.o,$$^) $$(PAYLOAD_LIBS) -o $$@
endef
$(foreach name,$(PAYLOAD_NAMES),$(eval $(call payload_rule,$(name))))

$(PAYLOAD_OUT)/%.img: $(PAYLOAD_OUT)/%.elf
	$(PAYLOAD_CROSS)objcopy -O binary $< $@

-include $(wildcard $(PAYLOAD_OUT)/*/*.d)
