# shellcheck shell=bash disable=SC2154 # system, work: roots.sh, run
# The packages' ARM programs under qemu. Sourced by run.

arm_cases() { # SUITE ARCH
    local arch=$2
    suite=$1
    make_root "$1" "$arch"
    run_foreign_programs
    case_of "$suite: the packages for $arch" runs_on "$arch"
}

runs_on() { # ARCH
    mount -t proc proc "$system/proc"
    mkdir -p "$system$work"
    mount --bind "$work" "$system$work"
    # Debian's own packages come from outside, ours from the repository.
    if [ "$1" = arm64 ]; then
        in_system apt-get -qq update
        in_system apt-get -qq -y --no-install-recommends install mosquitto > /dev/null 2>&1
    fi
    add_repository
    chmod 755 "$work"
    if [ "$1" = armhf ]; then
        printf '#!/bin/sh\necho armv6l\n' > "$system/usr/local/bin/uname"
        chmod +x "$system/usr/local/bin/uname"
        check "an ARMv6 is refused, and it is said why" not_installed_because "has an ARMv6"
        rm "$system/usr/local/bin/uname"
    fi
    check "apt installs the agent" in_system apt-get -qq -y --no-install-recommends install emoncms-remoteaccess
    check "its program is for $1" in_system remoteaccess-agent --version
    check "it connects over TLS and serves a request" serves_a_request
    if [ "$1" = arm64 ]; then
        check "apt installs the bridge" in_system apt-get -qq -y --no-install-recommends install emoncms-remoteaccess-bridge
        check "setup prepares server and broker" in_system remoteaccess-bridge setup --host localhost
        with_this_bridge
    fi
}

# A whole chain with the bridge of $system, looked at from outside. The broker is this machine's, and so is its setup.
with_this_bridge() {
    local url chain said=$work/chain.log programs=$work/foreign
    mkdir -p "$programs"
    cp "$work/programs/remoteaccess-agent" "$programs/"
    cat > "$programs/remoteaccess-bridge" <<SCRIPT
#!/bin/sh
[ "\$1" != setup ] || exec $work/programs/remoteaccess-bridge "\$@"
exec chroot $system /usr/bin/remoteaccess-bridge "\$@"
SCRIPT
    chmod +x "$programs/remoteaccess-bridge"
    # What the chain before said must not be taken for this one's.
    : > "$said"
    become_demo "$programs" >> "$said" 2>&1 &
    chain=$!
    check "with this bridge there is a chain, too" begins "$said"
    url=$(sed -n 's#^Open *\(http.*\)/$#\1#p' "$said")
    check "which serves a request" grep -q " feeds of " "$said"
    check "the bridge answers /-/health" says '"success":true' curl -fsS --max-time 20 "$url/-/health"
    check "and is connected to a real Mosquitto" says '"broker":"connected"' curl -fsS --max-time 20 "$url/-/ready"
    kill "$chain" 2>/dev/null || true
    wait "$chain" || true
}

begins() { # FILE with what the chain says
    until_true "the chain" grep -q "^Open " "$1" || { grep -v '^ ' "$1"; return 1; }
}

not_installed_because() { # WORDS
    local said
    # apt has a path of its own for what it starts.
    if said=$(in_system apt-get -qq -y -o DPkg::Path=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --no-install-recommends install emoncms-remoteaccess 2>&1); then return 1; fi
    echo "$said"
    [[ $said == *"$1"* ]]
}
