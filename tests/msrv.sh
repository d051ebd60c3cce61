#!/usr/bin/env bash
# Compiles the product with the oldest compiler that has to take it: Debian's own 1.85, with which the
# packages are built. It is unpacked into target/msrv and not installed.
set -euo pipefail
cd "$(dirname "$0")/.."

series=1.85
folder=$PWD/target/msrv
if [ ! -x "$folder/rustc" ]; then
    rm -rf "$folder/debs" "$folder/root"
    mkdir -p "$folder/debs" "$folder/root"
    find_version() { apt-cache madison rustc-web | awk -v s="$series." 'index($3, s) == 1 { print $3; exit }'; }
    version=$(find_version)
    if [ -z "$version" ]; then
        as_root=()
        [ "$(id -u)" = 0 ] || as_root=(sudo)
        "${as_root[@]}" apt-get -qq -o DPkg::Lock::Timeout=300 update </dev/null >&2
        version=$(find_version)
    fi
    [ -n "$version" ] || { echo "msrv.sh: Debian's archive has no rustc-web $series" >&2; exit 1; }
    (cd "$folder/debs" && apt-get -qq download "rustc-web=$version" "libstd-rust-web-$series=$version" \
        "libstd-rust-web-dev=$version" libllvm19 2>/dev/null)
    for package in "$folder"/debs/*.deb; do dpkg-deb -x "$package" "$folder/root"; done
    libraries=$(dirname "$(find "$folder/root" -name 'librustc_driver*.so' | head -n1)")
    printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s "$@"\n' "$libraries" "$folder/root/usr/bin/rustc" > "$folder/rustc.new"
    chmod +x "$folder/rustc.new"
    "$folder/rustc.new" --version >/dev/null
    mv "$folder/rustc.new" "$folder/rustc"
fi
"$folder/rustc" --version
RUSTC=$folder/rustc CARGO_TARGET_DIR=$folder/build \
    cargo check --locked --quiet -p remoteaccess-protocol -p remoteaccess-agent -p remoteaccess-bridge
