# Native unit tests, under AddressSanitizer and UndefinedBehaviorSanitizer.
#   make -f tests/unit/unit.mk unit       from the top of the tree, or included by its Makefile
# Each test_NAME.c becomes one executable with the sources below; it supplies what they call beyond
# itself. VELLUM_FAKE_IO: device registers are functions of the test.
# A NAME.c of UNIT_TOOLS is a program on its own, which tests/host runs.

UNIT_CC ?= cc
UNIT_BUILD ?= build/unit
LIBFDT ?= build/toolchain/libfdt
UNIT_SANITIZERS := -fsanitize=address,undefined -fno-sanitize-recover=all
UNIT_FLAGS := -std=c11 -g -O1 -Wall -Wextra -Werror -D_DEFAULT_SOURCE -DVELLUM_FAKE_IO \
	$(UNIT_SANITIZERS) -fno-omit-frame-pointer -fno-pie -no-pie \
	-I hv -I tests/unit -isystem $(LIBFDT)/include

unit_decode := mmio/decode.c mmio/decode_structures.c
unit_crc32c := link/crc32c.c
unit_trace := trace/ring.c
unit_frame := link/frame.c link/crc32c.c
unit_link := link/link.c link/frame.c link/crc32c.c
unit_gic_guard := irq/gic_guard.c
unit_pagetable := mem/pagetable.c
unit_pl011 := dev/pl011.c link/over_pl011.c
unit_region :=
unit_rpc := $(patsubst hv/%,%,$(wildcard hv/rpc/*.c))
unit_virtio_console := dev/virtio_console.c dev/virtio_mmio.c dev/virtqueue.c link/over_virtio.c
unit_virtqueue := dev/virtqueue.c
unit_vpl011 := dev/vpl011.c

unit_read_machine := fw/fdt.c
unit_write_trace := trace/ring.c

UNIT_NAMES := $(patsubst tests/unit/test_%.c,%,$(wildcard tests/unit/test_*.c))
UNIT_PROGRAMS := $(addprefix $(UNIT_BUILD)/,$(UNIT_NAMES))
UNIT_TOOLS := $(addprefix $(UNIT_BUILD)/,read_machine write_trace)

.PHONY: unit unit_tools
unit_tools: $(UNIT_TOOLS)
unit: $(UNIT_PROGRAMS)
	@for program in $(UNIT_PROGRAMS); do $$program || echo "FAILED $$program"; done 2>&1 | awk ' \
		/^[0-9]+ passed, [0-9]+ failed$$/ { passed += $$1; failed += $$3; next } \
		/^FAILED build/ && NF == 2 { broken = 1 } \
		{ print } \
		END { print passed + 0 " passed, " failed + 0 " failed"; exit failed + broken > 0 }'

define unit_sources
$(UNIT_BUILD)/$(1): tests/unit/test_$(1).c tests/unit/test.c $(addprefix hv/,$(unit_$(1)))
endef
$(foreach name,$(UNIT_NAMES),$(eval $(call unit_sources,$(name))))

define tool_sources
$(1): tests/unit/$(notdir $(1)).c $(addprefix hv/,$(unit_$(notdir $(1))))
endef
$(foreach tool,$(UNIT_TOOLS),$(eval $(call tool_sources,$(tool))))

# Included by its test, which empties the table.
UNIT_INCLUDED := hv/mmio/region.c
$(UNIT_BUILD)/region: $(UNIT_INCLUDED)

$(UNIT_BUILD)/read_machine: $(UNIT_BUILD)/libfdt.o

# All of libfdt in one object; it is not ours to warn about.
$(UNIT_BUILD)/libfdt.o: $(wildcard $(LIBFDT)/src/*.c)
	@mkdir -p $(@D)/libfdt
	cd $(@D)/libfdt && $(UNIT_CC) -g -O1 -w $(UNIT_SANITIZERS) -fno-pie -I $(abspath $(LIBFDT))/include \
		-c $(abspath $^)
	ld -r -o $@ $(@D)/libfdt/*.o

$(UNIT_PROGRAMS) $(UNIT_TOOLS): $(wildcard tests/unit/*.h hv/*/*.h) tests/unit/unit.mk
	@mkdir -p $(@D)
	$(UNIT_CC) $(UNIT_FLAGS) -o $@ $(filter %.c %.o,$(filter-out $(UNIT_INCLUDED),$^))
