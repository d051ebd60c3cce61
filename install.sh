#!/bin/bash
# Installs or updates remote access on this machine, in the way in which emonSD's scripts treat a module:
#
#   install.sh [OPENENERGYMONITOR_DIR [USER]]       both arguments are taken and not needed
#
# Whatever the way, the Debian package is what is installed, so that a later "apt install" simply goes on from there:
# 1. from an apt repository that this machine knows already;
# 2. else the package made for this version, from $REMOTEACCESS_PACKAGES: a folder, or an address without its last
#    slash, with the packages and SHA256SUMS as "make deb" leaves them in target/deb;
# 3. else it is built here, which takes a Raspberry Pi long.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

package=emoncms-remoteaccess
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n1)
architecture=$(dpkg --print-architecture)
packages=${REMOTEACCESS_PACKAGES-}
root=()
[ "$(id -u)" = 0 ] || root=(sudo)

main() {
    if is_current "$(installed_version)"; then
        echo "- $package $version is installed"
    elif apt_has_it; then
        echo "- installing $package with apt"
        apt_get install $package
    elif [ -n "$packages" ]; then
        from_packages
    else
        build
    fi
    echo "- remoteaccess: $(systemctl is-active $package 2>/dev/null || true). Setup > Remote Access in emoncms connects it."
}

# Nothing where only its configuration is left.
# shellcheck disable=SC2016 # dpkg's variables
installed_version() { dpkg-query -f '${db:Status-Status} ${Version}' -W $package 2>/dev/null | sed -n 's/^installed //p'; }

# Where apt knows an older one, there may be news.
apt_has_it() {
    [ -n "$(candidate)" ] || return 1
    is_current "$(candidate)" || { apt_get -qq update && is_current "$(candidate)"; }
}

candidate() { apt-cache policy $package | sed -n 's/^  Candidate: //p'; }

is_current() { # VERSION
    [ -n "$1" ] && [ "$1" != "(none)" ] && dpkg --compare-versions "$1" ge "$version"
}

from_packages() {
    local file=${package}_${version}_$architecture.deb folder
    folder=$(mktemp -d)
    # shellcheck disable=SC2064 # the folder's name of now
    trap "rm -rf '$folder'" EXIT
    # apt's own user has to be able to read it.
    chmod 755 "$folder"
    echo "- installing $file from $packages"
    fetch "$packages/SHA256SUMS" "$folder/SHA256SUMS"
    fetch "$packages/$file" "$folder/$file"
    if ! (cd "$folder" && grep " $file\$" SHA256SUMS | sha256sum --quiet --strict -c -); then
        echo "ERROR: $file is not what SHA256SUMS says; nothing was installed" >&2
        exit 1
    fi
    apt_get install "$folder/$file"
}

fetch() { # FROM TO
    case $1 in
        https://* | http://127.0.0.1* | http://localhost*) curl -fsSL --retry 3 -o "$2" "$1" ;;
        http://*) echo "ERROR: packages come over https, not from $1" >&2; exit 1 ;;
        *) cp "$1" "$2" ;;
    esac
}

build() {
    echo "- building $package $version for $architecture: this takes long"
    case $(uname -m) in
        armv6*) echo "ERROR: a Raspberry Pi 1 or Zero cannot run the agent; it needs a Pi 2, Zero 2 or newer" >&2; exit 1 ;;
    esac
    if ! rust_is_new_enough; then
        echo "ERROR: building needs Rust 1.85 or later (apt install cargo on Debian 13, or rustup), or a prebuilt package:" >&2
        echo "       REMOTEACCESS_PACKAGES=https://… $0" >&2
        exit 1
    fi
    packaging/build-deb.sh --native
    apt_get install "$PWD/target/deb/${package}_${version}_$architecture.deb"
}

rust_is_new_enough() {
    local found
    found=$(cargo --version 2>/dev/null | cut -d' ' -f2) && dpkg --compare-versions "$found" ge 1.85
}

apt_get() {
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -o Dpkg::Options::=--force-confold "$@" </dev/null
}

main
