# shellcheck shell=bash disable=SC2154 # work, inside, system: run, boot.sh, roots.sh
# What all cases stand on: a repository of the packages, and a request that goes all the way. Sourced by run.

# A signed repository, with a key that is made for it.
make_repository() {
    export GNUPGHOME=$work/gpg
    mkdir -m 700 "$GNUPGHOME"
    gpg --batch --quiet --passphrase '' --quick-generate-key test@packages.invalid ed25519 sign never
    packaging/apt-repo.sh "$work/repository" test@packages.invalid > "$work/repository.log" 2>&1 || {
        cat "$work/repository.log"
        return 1
    }
    gpgconf --kill gpg-agent
}

# As the README says, but from a folder.
add_repository() {
    local place=$inside
    cp -a "$work/repository" "$place/srv/packages"
    rm -f "$place"/etc/apt/sources.list "$place"/etc/apt/sources.list.d/*
    cp "$work/repository/emoncms-remoteaccess.gpg" "$place/etc/apt/keyrings/"
    echo "deb [signed-by=/etc/apt/keyrings/emoncms-remoteaccess.gpg] file:/srv/packages stable main" \
        > "$place/etc/apt/sources.list.d/emoncms-remoteaccess.list"
    in_system apt-get -qq update
}

# The project's own demo (a real Mosquitto with TLS, the bridge, an emoncms stand-in) with the installed agent in it.
build_demo() {
    cargo build --locked --quiet -p remoteaccess-tests --bin demo
    demo=${CARGO_TARGET_DIR:-target}/debug/demo
    mkdir -p "$work/programs" "$work/unpacked"
    dpkg-deb -x target/deb/emoncms-remoteaccess-bridge_*_amd64.deb "$work/unpacked"
    dpkg-deb -x target/deb/emoncms-remoteaccess_*_amd64.deb "$work/unpacked"
    cp "$work/unpacked/usr/bin/remoteaccess-bridge" "$work/programs/"
    cp packaging/tests/in-place-of-agent "$work/programs/remoteaccess-agent"
}

serves_a_request() { (become_demo "$work/programs" --once); }

# In the place of the shell that calls it, which can then be ended.
become_demo() { # FOLDER OPTION…
    local programs=$1
    shift
    exec env TMPDIR="$work" SYSTEM="$inside" BOOTED="$leader" REMOTEACCESS_BIN_DIR="$programs" timeout 120 "$demo" "$@"
}

# This version's package under the number before the first.
previous_version() { # PACKAGE
    local folder=$work/previous
    rm -rf "$folder"
    dpkg-deb -R target/deb/"$1"_*_amd64.deb "$folder"
    sed -i 's/^Version: .*/Version: 0.0.9/' "$folder/DEBIAN/control"
    dpkg-deb --root-owner-group -Zgzip -z1 -b "$folder" "$work/previous.deb" >/dev/null
    echo "$work/previous.deb"
}
