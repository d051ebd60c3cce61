# shellcheck shell=bash disable=SC2154 # system, work: roots.sh, run
# The packages' ARM programs under qemu. Sourced by run.

arm_cases() { # SUITE ARCH
    suite=$1
    make_root "$1" "$2"
    run_foreign_programs
    case_of "$suite: the packages for $2" runs_on "$2"
}

runs_on() { # ARCH
    mount -t proc proc "$system/proc"
    mkdir -p "$system$work"
    mount --bind "$work" "$system$work"
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
        dpkg-deb -x target/deb/emoncms-remoteaccess-bridge_*_arm64.deb "$system"
        mkdir -p "$work/programs-arm64"
        cp packaging/tests/in-place-of-agent "$work/programs-arm64/remoteaccess-agent"
        printf '#!/bin/sh\nexec chroot %s /usr/bin/remoteaccess-bridge "$@"\n' "$system" > "$work/programs-arm64/remoteaccess-bridge"
        chmod +x "$work/programs-arm64/remoteaccess-bridge"
        with_bridge_of "$work/programs-arm64"
    fi
}

# A whole chain with this bridge, looked at from outside.
with_bridge_of() { # FOLDER
    local url chain said=$work/chain.log
    become_demo "$1" > "$said" 2>&1 &
    chain=$!
    check "with the bridge for it, too" until_true "the chain" grep -q "^Open " "$said"
    url=$(sed -n 's#^Open *\(http.*\)/$#\1#p' "$said")
    check "a request is served" grep -q " feeds of " "$said"
    check "it answers /-/health" says '"success":true' curl -fsS --max-time 20 "$url/-/health"
    check "it is connected to a real Mosquitto" says '"broker":"connected"' curl -fsS --max-time 20 "$url/-/ready"
    kill "$chain"
    wait "$chain" || true
}

not_installed_because() { # WORDS
    local said
    # apt has a path of its own for what it starts.
    if said=$(in_system apt-get -qq -y -o DPkg::Path=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --no-install-recommends install emoncms-remoteaccess 2>&1); then return 1; fi
    echo "$said"
    [[ $said == *"$1"* ]]
}
