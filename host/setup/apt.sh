# Debian packages that the machine need not install: a private apt with its own sources, lists and
# cache, so that the machine's own configuration stays as it is. Sourced after common.sh.
#
# The mirror is the one the machine's apt uses. What is fetched is checked by apt against the sha256
# of the signed package lists.

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
host_arch=$(dpkg --print-architecture)

private_apt() { # private_apt TOOL ARGUMENT...: apt-get or apt-cache on the configuration of apt_open
    local tool=$1
    shift
    "$tool" -qq -o Dir::Etc="$private" -o Dir::Etc::parts=/etc/apt/apt.conf.d \
        -o Dir::State="$private" -o Dir::State::status="$private/status" -o Dir::Cache="$private" \
        -o APT::Architectures::=arm64 -o APT::Sandbox::User= -o APT::Update::Post-Invoke= \
        -o Acquire::Languages=none -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false \
        -o Acquire::Retries=3 "$@"
}

# mirror_of SUITE: the address that the machine's apt has for a suite.
mirror_of() {
    apt-get update --print-uris 2> /dev/null | sed -n "s,^'\(.*\)/dists/$1/InRelease'.*,\1,p" | head -1
}

source_line() { # source_line TYPE SUITE [ARCHITECTURE]
    local mirror
    case $2 in
        *-security) mirror=$(mirror_of "$2") ;;
        *) mirror=$(mirror_of bookworm) ;;
    esac
    [ -n "$mirror" ] || die "this machine's apt has no Debian 12 mirror for $2: add it to its sources"
    echo "$1 [signed-by=$keyring${3:+ arch=$3}] $mirror $2 main"
}

# apt_open NAME TYPE:SUITE[:ARCHITECTURE]...: package lists of these suites, at most a day old.
apt_open() {
    private=$cache/apt/$1
    with_lock "apt-$1" refresh_lists "${@:2}"
}

refresh_lists() {
    local spec fields wanted=
    for spec in "$@"; do
        IFS=: read -ra fields <<< "$spec"
        wanted+="$(source_line "${fields[@]}")"$'\n'
    done
    if [ "$wanted" = "$(cat "$private/sources.list" 2> /dev/null)"$'\n' ] \
        && [ -n "$(find "$private/fresh" -mmin -1440 2> /dev/null)" ]; then
        return
    fi
    say "reading the package lists of $*"
    [ -f "$keyring" ] || die "no $keyring" "apt-get install debian-archive-keyring"
    mkdir -p "$private"/{lists/partial,archives/partial,preferences.d}
    touch "$private/status"
    printf '%s' "$wanted" > "$private/sources.list"
    private_apt apt-get update >&2 || die "the package lists cannot be read: see apt's message above"
    touch "$private/fresh"
}

# known PACKAGE[:ARCH]: what the mirror has of it, newest first: lines "VERSION SHA256 PACKAGE".
known() {
    private_apt apt-cache show "$1" 2> /dev/null | awk '
        /^Package:/ { package = $2 } /^Version:/ { version = $2 } /^SHA256:/ { sum = $2 }
        /^$/ { if (sum) print version, sum, package; sum = "" } END { if (sum) print version, sum, package }'
}

# fetch_deb PACKAGE[:ARCH] VERSION DIRECTORY: downloads it there; prints the path of the .deb.
fetch_deb() {
    (cd "$3" && private_apt apt-get download "$1=$2" >&2) \
        || die "$1 $2 cannot be fetched: see apt's message above"
    ls "$3/${1%:*}"_*.deb
}
