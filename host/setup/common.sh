# What every setup script needs: where the cache is, how to speak, how to give up.
# Sourced by the scripts of host/setup, payloads/linux and payloads/initramfs.

set -euo pipefail

setup_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tree=$(cd "$setup_dir/../.." && pwd)
cache=${VELLUM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vellum}
cross=aarch64-linux-gnu-

# Everything that runs at EL2 is built with these: no SIMD or floating-point register is touched,
# since they hold the guest's state; no unaligned access, since it also runs with the MMU off.
el2_cflags=(-O2 -mgeneral-regs-only -mstrict-align -mno-outline-atomics -fPIE -ffreestanding
    -fno-builtin -fno-tree-loop-distribute-patterns -fno-stack-protector -fno-asynchronous-unwind-tables
    -ffunction-sections -fdata-sections -g)

say() { printf 'setup: %s\n' "$*" >&2; }

# die WHAT [COMMAND]: one line that says what is wrong and, where there is one, the command to run.
die() {
    printf 'setup: %s%s\n' "$1" "${2:+; run: $2}" >&2
    exit 1
}

# hash_of FILE|TEXT...: 12 hex digits that change when a file's content or a text does.
hash_of() {
    local part
    for part in "$@"; do
        if [ -f "$part" ]; then cat "$part"; else printf '%s\n' "$part"; fi
    done | sha256sum | cut -c 1-12
}

# with_lock NAME COMMAND...: one at a time per cache entry, so that parallel builds are safe.
with_lock() {
    mkdir -p "$cache/locks"
    (flock 9 && "${@:2}") 9> "$cache/locks/$1"
}

# publish DIR NAME: moves a finished temporary directory to its place in the cache, whole or not at all.
publish() {
    rm -rf "${cache:?}/$2"
    mkdir -p "$(dirname "$cache/$2")"
    mv "$1" "$cache/$2"
}

# link_to CACHE_NAME LINK: points build/toolchain/... at a cache entry.
link_to() {
    mkdir -p "$(dirname "$tree/$2")"
    ln -sfn "$cache/$1" "$tree/$2"
    touch "$cache/$1"
}

# scratch NAME: a temporary directory in the cache, gone when the script ends.
scratch() {
    mkdir -p "$cache/tmp/$1.$$"
    echo "$cache/tmp/$1.$$"
}
trap 'rm -rf "$cache"/tmp/*.$$' EXIT

# logged LOG WHAT COMMAND...: runs quietly; when it fails, shows the end of the log and gives up.
logged() {
    local log=$1 what=$2
    shift 2
    "$@" > "$log" 2>&1 || { tail -20 "$log" >&2; die "$what failed (its last lines are above)"; }
}

# no_simd ARCHIVE: fails when an instruction of the archive names a SIMD or floating-point register.
no_simd() {
    local used
    used=$("${cross}objdump" -d --no-show-raw-insn "$1" | cut -f 3- | sed 's/\<[0-9a-f]* <.*//; s,//.*,,' \
        | grep -E '(^|[][{ ,	])([vqdshb][0-9]+)([],.}	 ]|$)' || true)
    [ -z "$used" ] || die "$1 uses SIMD registers: $(head -1 <<< "$used")"
}
