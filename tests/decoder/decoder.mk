# Vellum's decoder of loads and stores against capstone: build/decoder/prove. Included by the
# Makefile. capstone is the library inside its Python package, which host/requirements.lock pins.

DECODER_PROVE := build/decoder/prove
DECODER_SOURCES := tests/decoder/prove.c tests/decoder/format.c hv/mmio/decode.c \
    hv/mmio/decode_structures.c
DECODER_PARTS ?= 4

# The folder of the Python package.
CAPSTONE = $(firstword $(wildcard .venv/lib/python3*/site-packages/capstone))

$(DECODER_PROVE): $(DECODER_SOURCES) tests/decoder/format.h hv/mmio/decode.h $(VENV)/vellum
	@mkdir -p $(@D)
	ln -sf "$(abspath $(CAPSTONE))/lib/libcapstone.so" $(@D)/libcapstone.so.5
	cc -O2 -std=gnu11 -Wall -Wextra -Werror -I hv -I tests/decoder -I $(CAPSTONE)/include -o $@ \
	    $(DECODER_SOURCES) $(@D)/libcapstone.so.5 '-Wl,-rpath,$$ORIGIN'

.PHONY: prove-decoder
prove-decoder: $(DECODER_PROVE) ## the decoder against capstone, every word (5 minutes of CPU), and objdump
	for part in $$(seq 0 $$(($(DECODER_PARTS) - 1))); do \
	    echo "part $$((part + 1)) of $(DECODER_PARTS)"; $(DECODER_PROVE) $(DECODER_PARTS) $$part; \
	done
	$(VENV)/python tests/decoder/arbitrate.py 20000000
