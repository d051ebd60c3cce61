#!/usr/bin/env bash
# Unpacks the compiler that builds the packages, Debian's own 1.85, into target/msrv: nothing is installed, and no
# foreign architecture is added to this machine. Prints the compiler's path.
#
#   packaging/toolchain.sh [ARCH…]     also brings the standard library of each ARCH (arm64, armhf)
set -euo pipefail
cd "$(dirname "$0")/.."

series=1.85
folder=$PWD/target/msrv
mkdir -p "$folder/debs" "$folder/root"

as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)

# apt with a memory of its own for foreign packages: the machine's does not hear of them.
foreign() { # ARCH apt-get-or-cache ARGUMENTS…
    local arch=$1 command=$2 state=$folder/apt-$1
    shift 2
    mkdir -p "$state"/{lists/partial,cache/archives/partial}
    : > "$state/status"
    "$command" -o APT::Architecture="$arch" -o APT::Architectures::="$arch" -o Dir::State="$state" \
        -o Dir::State::Lists="$state/lists" -o Dir::State::Status="$state/status" -o Dir::Cache="$state/cache" \
        -o Acquire::Languages=none -o APT::Sandbox::User= -qq "$@"
}

find_version() { apt-cache madison rustc-web | awk -v s="$series." 'index($3, s) == 1 { print $3; exit }'; }

unpack() { for package in "$@"; do dpkg-deb -x "$package" "$folder/root"; done; }

host=$(dpkg --print-architecture)
version=$(find_version)
if [ -z "$version" ]; then
    "${as_root[@]}" apt-get -qq -o DPkg::Lock::Timeout=300 update </dev/null >&2
    version=$(find_version)
fi
[ -n "$version" ] || { echo "toolchain.sh: Debian's archive has no rustc-web $series" >&2; exit 1; }

if [ ! -x "$folder/rustc" ]; then
    (cd "$folder/debs" && apt-get -qq download "rustc-web=$version" "libstd-rust-web-$series=$version" \
        "libstd-rust-web-dev=$version" libllvm19 2>/dev/null)
    unpack "$folder"/debs/*.deb
    libraries=$(dirname "$(find "$folder/root" -name 'librustc_driver*.so' | head -n1)")
    printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s "$@"\n' "$libraries" "$folder/root/usr/bin/rustc" > "$folder/rustc.new"
    chmod +x "$folder/rustc.new"
    "$folder/rustc.new" --version >/dev/null
    mv "$folder/rustc.new" "$folder/rustc"
fi

for arch in "$@"; do
    if [ "$arch" = "$host" ] || [ -e "$folder/has-$arch" ]; then continue; fi
    # One index of many may be just changing at the mirror; what is needed here is most likely in another.
    foreign "$arch" apt-get update >/dev/null 2>&1 || true
    (cd "$folder/debs" && foreign "$arch" apt-get download "libstd-rust-web-dev:$arch=$version")
    unpack "$folder"/debs/libstd-rust-web-dev_*_"$arch".deb
    rm -rf "$folder/apt-$arch"
    touch "$folder/has-$arch"
done
echo "$folder/rustc"
