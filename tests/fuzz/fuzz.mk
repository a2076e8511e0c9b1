# Fuzzing of what reads foreign bytes in C: libFuzzer, with the sanitizers.
#   make fuzz                  each target for 20 seconds; SECONDS=300: for longer
#   make fuzz FUZZ=rpc         one of them
# It starts from the seeds that seeds.py makes, from tests/fuzz/corpus/TARGET, where inputs that once
# found something are kept, and from what earlier runs have learned (build/fuzz/learned). An input
# that finds something now is left in build/fuzz; to look at it again: build/fuzz/TARGET INPUT.

SECONDS ?= 20
FUZZ ?= fdt frame rpc
FUZZ_BUILD := build/fuzz
FUZZ_FLAGS := -std=c11 -g -O1 -Wall -Wextra -Werror -D_DEFAULT_SOURCE -DVELLUM_FAKE_IO \
	-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer \
	-I hv -I tests/fuzz -isystem $(LIBFDT)/include

fuzz_fdt := fw/fdt.c
fuzz_frame := link/frame.c
fuzz_rpc := $(filter-out rpc/guest.c,$(patsubst hv/%,%,$(wildcard hv/rpc/*.c)))

FUZZ_TARGETS := fdt frame rpc
FUZZ_PROGRAMS := $(FUZZ_TARGETS:%=$(FUZZ_BUILD)/%)

define fuzz_sources
$(FUZZ_BUILD)/$(1): tests/fuzz/fuzz_$(1).c $(addprefix hv/,$(fuzz_$(1)))
endef
$(foreach target,$(FUZZ_TARGETS),$(eval $(call fuzz_sources,$(target))))

$(FUZZ_BUILD)/fdt: $(FUZZ_BUILD)/libfdt.o

$(FUZZ_BUILD)/libfdt.o: $(wildcard $(LIBFDT)/src/*.c)
	mkdir -p $(@D)/libfdt
	cd $(@D)/libfdt && clang -g -O1 -w -fsanitize=fuzzer-no-link,address,undefined \
	    -fno-sanitize-recover=all -I $(abspath $(LIBFDT))/include -c $(abspath $^)
	ld -r -o $@ $(@D)/libfdt/*.o

# Sources that fuzz_rpc.c includes.
FUZZ_INCLUDED := hv/mmio/region.c hv/rpc/guest.c
$(FUZZ_BUILD)/rpc: $(FUZZ_INCLUDED)

$(FUZZ_PROGRAMS): $(wildcard tests/fuzz/*.h hv/*/*.h) tests/fuzz/fuzz.mk
	mkdir -p $(@D)
	clang $(FUZZ_FLAGS) -o $@ $(filter %.c %.o,$(filter-out $(FUZZ_INCLUDED),$^))

.PHONY: fuzz
fuzz: $(FUZZ:%=$(FUZZ_BUILD)/%) $(VENV)/vellum
	$(VENV)/python tests/fuzz/seeds.py $(FUZZ_BUILD)/seeds
	for target in $(FUZZ); do \
	    mkdir -p $(FUZZ_BUILD)/learned/$$target tests/fuzz/corpus/$$target; \
	    echo "fuzz: $$target, $(SECONDS) s"; \
	    $(FUZZ_BUILD)/$$target -max_total_time=$(SECONDS) -timeout=10 -rss_limit_mb=1024 \
	        -max_len=16384 -print_final_stats=1 -artifact_prefix=$(FUZZ_BUILD)/$$target- \
	        $(FUZZ_BUILD)/learned/$$target tests/fuzz/corpus/$$target $(FUZZ_BUILD)/seeds/$$target \
	        > $(FUZZ_BUILD)/$$target.log 2>&1 \
	        || { tail -40 $(FUZZ_BUILD)/$$target.log; echo "fuzz: $$target found something (above)"; exit 1; }; \
	    awk '/^stat::number_of_executed_units/ { n = $$2 } / cov: / { c = $$0 } \
	        END { sub(/.* cov: /, "", c); sub(/ .*/, "", c); print "fuzz: " n " inputs, " c " edges, nothing found" }' \
	        $(FUZZ_BUILD)/$$target.log; \
	done
