#!/usr/bin/env bash
# Builds the Debian packages into target/deb, on an amd64 Debian 12, so that they run on bookworm and trixie.
#
#   packaging/build-deb.sh [ARCH…]           amd64, arm64, armhf; all unless given; the bridge for the first two
#   packaging/build-deb.sh --agent [ARCH…]   the agent's package alone
#   packaging/build-deb.sh --native          the agent's for this machine, with this machine's compiler
#
# DEBEMAIL, and DEBFULLNAME if you like: who answers for these packages, as users see it. Unless given, nobody does.
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n1)
cargo_folder=$PWD/target/packages
agent_only=
native=
case ${1-} in
    --agent) agent_only=yes; shift ;;
    --native) agent_only=yes native=yes; set -- "$(dpkg --print-architecture)" ;;
esac
[ $# -gt 0 ] || set -- amd64 arm64 armhf

main() {
    tests/needs.sh build deb
    same_version packaging/debian/changelog "$(dpkg-parsechangelog -l packaging/debian/changelog -S Version)"
    for module in module.json emoncms-module/remoteaccess/module.json; do
        same_version $module "$(sed -n 's/.*"version": "\(.*\)".*/\1/p' $module)"
    done
    if [ -z "$native" ]; then
        tests/needs.sh cross
        RUSTC=$(packaging/toolchain.sh "$@")
        export RUSTC
    fi
    export CARGO_TARGET_DIR=$cargo_folder
    # Where it was built is nobody's business, and two builds are alike.
    export RUSTFLAGS="--remap-path-prefix=$PWD=/build --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo"
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
    export CARGO_TARGET_ARMV7_UNKNOWN_LINUX_GNUEABIHF_LINKER=arm-linux-gnueabihf-gcc
    if [ -z "$agent_only" ]; then ${MAKE:-make} web; fi
    mkdir -p target/deb
    rm -f target/deb/*.deb target/deb/SHA256SUMS
    for arch in "$@"; do
        compile "$arch"
        package "$arch"
    done
    (cd target/deb && sha256sum -- *.deb > SHA256SUMS && du -b --time -- *.deb)
}

same_version() { # FILE VERSION
    [ "$2" = "$version" ] || { echo "build-deb.sh: Cargo.toml says $version, $1 says $2" >&2; exit 1; }
}

has_bridge() { [ "$1" != armhf ] && [ -z "$agent_only" ]; }

compile() { # ARCH
    local options=(--release --locked)
    [ -n "$native" ] || options+=(--target "$(triplet "$1")")
    # One after the other: built together, the agent would get what only the bridge needs of the crates they share.
    cargo build "${options[@]}" -p remoteaccess-agent
    ! has_bridge "$1" || cargo build "${options[@]}" -p remoteaccess-bridge
    programs=$cargo_folder/release
    [ -n "$native" ] || programs=$cargo_folder/$(triplet "$1")/release
}

triplet() { # ARCH
    case $1 in
        amd64) echo x86_64-unknown-linux-gnu ;;
        arm64) echo aarch64-unknown-linux-gnu ;;
        armhf) echo armv7-unknown-linux-gnueabihf ;;
        *) echo "build-deb.sh: there is no package for $1" >&2; exit 1 ;;
    esac
}

# The packages of one architecture, from a folder that has all they take in.
package() { # ARCH
    local arch=$1 stage=$PWD/target/deb/stage-$1
    local source=$stage/emoncms-remoteaccess-$version
    rm -rf "$stage"
    mkdir -p "$source/bin"
    install -m 755 "$programs/remoteaccess-agent" "$source/bin/"
    cp -a packaging/debian packaging/man packaging/completion packaging/home CHANGELOG.md \
        agent/remoteaccess.example.json "$source/"
    name_maintainer "$source/debian"
    # The licence's text is not among those that every Debian has.
    sed 's/^$/./; s/^/ /' LICENSE >> "$source/debian/copyright"
    mkdir "$source/module" "$source/licenses"
    packaging/licenses.sh remoteaccess-agent "$(triplet "$arch")" > "$source/licenses/third-party-agent.txt"
    cp -a emoncms-module/remoteaccess "$source/module/"
    mv "$source/home/generator" "$source/home/emoncms-remoteaccess-generator"
    mv "$source/home/default" "$source/debian/emoncms-remoteaccess.default"
    for unit in packaging/systemd/emoncms-*; do cp "$unit" "$source/debian/$(debhelper_name "${unit##*/}")"; done
    if has_bridge "$arch"; then
        install -m 755 "$programs/remoteaccess-bridge" "$source/bin/"
        cp -a packaging/mosquitto packaging/systemd/mosquitto.service.d bridge/bridge.example.toml docs "$source/"
        packaging/licenses.sh remoteaccess-bridge "$(triplet "$arch")" > "$source/licenses/third-party-bridge.txt"
        cp packaging/server/default "$source/debian/emoncms-remoteaccess-bridge.default"
    else
        drop_bridge "$source/debian"
    fi
    echo "Packages for $arch"
    if ! (cd "$source" && dpkg-buildpackage -b -d -uc -us -a "$arch") > "$stage/build.log" 2>&1; then
        cat "$stage/build.log" >&2
        exit 1
    fi
    [ -n "$native" ] || lintian --allow-root --fail-on error,warning "$stage"/*.changes
    mv "$stage"/*.deb target/deb/
    rm -rf "$stage"
}

# The field says whom to write to about these very packages: whoever built and publishes them.
name_maintainer() { # DEBIAN
    [ -n "${DEBEMAIL-}" ] || return 0
    DEBIAN_MAINTAINER="${DEBFULLNAME:-emoncms remote access} <$DEBEMAIL>" \
        perl -pi -e 's/^(Maintainer: | -- ).*?>/$1$ENV{DEBIAN_MAINTAINER}/' "$1/control" "$1/changelog"
}

# debhelper knows files by package: its second unit is PACKAGE.NAME.KIND.
debhelper_name() { # FILE
    case $1 in
        emoncms-remoteaccess-link.*) echo "emoncms-remoteaccess.$1" ;;
        *) echo "$1" ;;
    esac
}

# Where only the agent is built, debhelper shall not look for the rest.
drop_bridge() { # DEBIAN
    rm -f "$1"/emoncms-remoteaccess-bridge.*
    sed -i '/-pemoncms-remoteaccess-bridge/d' "$1/rules"
    sed -i '/^Package: emoncms-remoteaccess-bridge$/,/^$/d' "$1/control"
}

main "$@"
