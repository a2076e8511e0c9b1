# Vellum's build, run and tests. `make help` lists what there is.
#
# A fresh clone needs nothing but make: build/toolchain.mk is made before anything else (make then
# starts over), and that installs the missing Debian packages and builds newlib and libfdt for EL2.
# Downloads and slow builds live in a cache outside of the tree (~/.cache/vellum, or VELLUM_CACHE).

SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -ec
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory
ifndef V
.SILENT: # V=1 shows the commands
endif

CROSS := aarch64-linux-gnu-
NEWLIB := build/toolchain/newlib
LIBFDT := build/toolchain/libfdt
KERNELS := debian-6.1-cloud debian-6.12-16k
VENV := .venv/bin

OUT ?= build/trace
ONLY ?=
SLOW ?=
ARGS ?=
QEMU_ARGS ?=

.PHONY: all
all: image payloads $(VENV)/vellum ## the image, the payloads and the command .venv/bin/vellum
	echo "built: build/vellum.img ($$(stat -c %s build/vellum.img) bytes), build/payloads, $(VENV)/vellum"

.PHONY: help
help: ## this list
	echo "make TARGET, where TARGET is one of"
	sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  \1	\2/p' Makefile | expand -t 12
	echo "The cache of downloads and slow builds: $${VELLUM_CACHE:-$${XDG_CACHE_HOME:-~/.cache}/vellum}"

# --- what comes from outside -------------------------------------------------------------------

ifneq ($(filter-out help clean,$(or $(MAKECMDGOALS),all)),)
include build/toolchain.mk
endif

# Looked at every time, since packages and the cache may go; rewritten, and make started over, only
# when it differs.
build/toolchain.mk: FORCE
	host/setup/deps
	host/setup/newlib
	host/setup/libfdt
	mkdir -p build
	echo "GCC_INCLUDE := $$($(CROSS)gcc -print-file-name=include)" > $@.new
	cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(VENV)/vellum: host/pyproject.toml host/requirements.lock host/setup/venv
	host/setup/venv

.PHONY: deps
deps: $(VENV)/vellum kernels qemu10 ## everything that is fetched: packages, toolchain, Python, kernels
	echo "deps: all there"

kernel_stamps := $(KERNELS:%=build/kernels/%/vmlinuz)
initramfs_images := $(KERNELS:%=build/initramfs/%.cpio.gz)

.PHONY: kernels
kernels: $(kernel_stamps) $(initramfs_images) ## the stock Debian kernels and an initramfs for each

$(kernel_stamps): build/kernels/%/vmlinuz: payloads/linux/fetch payloads/linux/%.profile
	payloads/linux/fetch $*

$(initramfs_images): build/initramfs/%.cpio.gz: payloads/initramfs/build payloads/initramfs/init \
    payloads/initramfs/modules payloads/initramfs/cntvct.c build/kernels/%/vmlinuz
	payloads/initramfs/build $*

.PHONY: qemu10
qemu10: build/toolchain/qemu10/qemu-system-aarch64 ## a second, newer QEMU beside Debian 12's

build/toolchain/qemu10/qemu-system-aarch64: host/setup/qemu10
	host/setup/qemu10

.PHONY: disk
disk: build/disk.img ## a small ext4 disk for guests

build/disk.img: payloads/initramfs/disk
	payloads/initramfs/disk $@

# --- what is built -----------------------------------------------------------------------------

-include hv/hv.mk
-include payloads/payloads.mk
-include tests/unit/unit.mk
-include tests/decoder/decoder.mk
-include tests/fuzz/fuzz.mk

.PHONY: image payloads unit clang fuzz
image: build/vellum.img ## build/vellum.img alone
payloads: ## the small bare-metal guests, build/payloads/NAME.img
unit: ## native unit tests, with sanitizers
clang: ## the image by clang, build/clang/vellum.img
fuzz: ## fuzzes the C code that reads foreign bytes, 20 s a target; SECONDS=.. FUZZ=fdt|frame|rpc

.PHONY: messages
messages: $(VENV)/vellum ## C and Python from hv/link/messages.toml and hv/trace/events.toml
	$(VENV)/python -m vellum.codegen

# --- what is run -------------------------------------------------------------------------------

GUEST ?= debian-6.1-cloud

.PHONY: run
run: all build/kernels/$(GUEST)/vmlinuz build/initramfs/$(GUEST).cpio.gz build/disk.img ## boots a stock Debian kernel, traced; OUT=DIR ARGS=.. QEMU_ARGS=.. GUEST=..
	$(VENV)/vellum run --kernel build/kernels/$(GUEST)/vmlinuz \
	    --initrd build/initramfs/$(GUEST).cpio.gz \
	    --append "console=ttyAMA0 vellum.do=uname,cpus,disk,off" --smp 4 --mem 1G \
	    --trace pl011@9000000 --trace virtio_mmio@a000000 -o "$(OUT)" $(ARGS) -- \
	    -drive if=none,id=disk,file=build/disk.img,format=raw,readonly=on \
	    -device virtio-blk-device,drive=disk,bus=virtio-mmio-bus.0 $(QEMU_ARGS)

PYTEST := $(VENV)/pytest -c host/pyproject.toml --rootdir .
generated := hv/link/messages.h hv/trace/events.h
c_sources = $(filter-out $(generated),$(shell find hv payloads tests -name '*.[ch]'))

.PHONY: check
check: $(VENV)/vellum image clang ## format, lint, types, native unit tests, host tests: under a minute
	clang-format --dry-run -Werror $(c_sources)
	$(VENV)/ruff format --quiet --check --diff --config host/pyproject.toml host tests
	$(VENV)/ruff check --quiet --config host/pyproject.toml host tests
	$(VENV)/mypy --config-file host/pyproject.toml host/vellum
	$(PYTEST) --quiet -n 2 tests/host

.PHONY: format
format: $(VENV)/vellum ## formats all C and Python
	clang-format -i $(c_sources)
	$(VENV)/ruff check --quiet --fix --config host/pyproject.toml host tests
	$(VENV)/ruff format --quiet --config host/pyproject.toml host tests

.PHONY: test
test: all clang kernels qemu10 build/disk.img ## all tests; ONLY=EXPRESSION: those that match; SLOW=1: slow ones too
	$(PYTEST) $(if $(ONLY),-k "$(ONLY)") $(if $(SLOW),,-m "not slow") tests

.PHONY: bench
bench: all kernels ## the table of figures, and build/bench.json; ONLY=NAME: one of them
	$(VENV)/python tests/bench/bench.py $(ONLY)

.PHONY: clean
clean: ## removes build/ (not the cache, not .venv)
	rm -rf build

.PHONY: FORCE
FORCE:
