# Debian packages that the machine need not install: a private apt with its own sources, lists and
# cache, so that the machine's own configuration stays as it is. Sourced after common.sh.
#
# The mirror is the one the machine's apt uses. What is fetched is checked by apt against the sha256
# of the signed package lists.

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
host_arch=$(dpkg --print-architecture)

# private_apt TOOL ARGUMENT...: apt-get or apt-cache on the configuration of apt_open.
private_apt() {
    APT_CONFIG=$private/apt.conf "$1" -qq "${@:2}"
}

# Of the machine's configuration only how to reach the network is taken over (proxies, credentials);
# its hooks are not, since they act on the machine's own cache.
write_config() {
    apt-config dump | grep -iE '^Acquire::(https?|socks5h|ForceIPv|Check-)[^ ]* ".+";$' || true
    cat <<CONFIG
Dir "$private";
Dir::Etc "$private";
Dir::Etc::parts "none";
Dir::Etc::netrc "/etc/apt/auth.conf";
Dir::Etc::netrcparts "/etc/apt/auth.conf.d";
Dir::State "$private";
Dir::State::status "$private/status";
Dir::Cache "$private";
Dir::Bin::methods "/usr/lib/apt/methods";
APT::Architecture "$host_arch";
APT::Architectures { "$host_arch"; "arm64"; };
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
CONFIG
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
    local spec fields
    mkdir -p "$private"/{lists/partial,archives/partial,preferences.d,none}
    touch "$private/status"
    write_config > "$private/apt.conf"
    for spec in "$@"; do
        IFS=: read -ra fields <<< "$spec"
        source_line "${fields[@]}"
    done > "$private/sources.list.new"
    if cmp -s "$private/sources.list.new" "$private/sources.list" \
        && [ -n "$(find "$private/fresh" -mmin -1440 2> /dev/null)" ]; then
        return
    fi
    say "reading the package lists of $*"
    [ -f "$keyring" ] || die "no $keyring" "apt-get install debian-archive-keyring"
    mv "$private/sources.list.new" "$private/sources.list"
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
