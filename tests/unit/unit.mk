# Native unit tests, under AddressSanitizer and UndefinedBehaviorSanitizer.
#   make -f tests/unit/unit.mk unit       from the top of the tree, or included by its Makefile
# Each test_NAME.c becomes one executable with the sources below; it supplies what they call beyond
# itself. VELLUM_FAKE_IO: device registers are functions of the test.

UNIT_CC ?= cc
UNIT_BUILD ?= build/unit
UNIT_FLAGS := -std=c11 -g -O1 -Wall -Wextra -Werror -D_DEFAULT_SOURCE -DVELLUM_FAKE_IO \
	-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -fno-pie -no-pie \
	-I hv -I tests/unit

unit_decode := mmio/decode.c mmio/decode_structures.c
unit_crc32c := link/crc32c.c
unit_frame := link/frame.c link/crc32c.c
unit_link := link/link.c link/frame.c link/crc32c.c
unit_pl011 := dev/pl011.c link/over_pl011.c
unit_rpc := $(patsubst hv/%,%,$(wildcard hv/rpc/*.c))
unit_virtio_console := dev/virtio_console.c dev/virtio_mmio.c dev/virtqueue.c link/over_virtio.c
unit_virtqueue := dev/virtqueue.c
unit_vpl011 := dev/vpl011.c

UNIT_NAMES := $(patsubst tests/unit/test_%.c,%,$(wildcard tests/unit/test_*.c))
UNIT_PROGRAMS := $(addprefix $(UNIT_BUILD)/,$(UNIT_NAMES))

.PHONY: unit
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

$(UNIT_PROGRAMS): $(wildcard tests/unit/*.h hv/*/*.h) tests/unit/unit.mk
	@mkdir -p $(@D)
	$(UNIT_CC) $(UNIT_FLAGS) -o $@ $(filter %.c,$^)
