# shellcheck shell=bash disable=SC2154,SC2034 # system, layer, leader: roots.sh; inside: for the cases
# Boots $system (roots.sh) with its own systemd, in a container. Sourced; as root.

# Boots; with `alone` in a network of its own, in which only the loopback is.
boot_system() { # [alone]
    local options=()
    [ "${1-}" != alone ] || options=(--private-network)
    # A machine with mixed control groups still has a pure hierarchy; newer systemd takes nothing else.
    SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 systemd-nspawn --quiet --register=no --keep-unit --boot --console=pipe \
        --resolv-conf=off --directory="$system" "${options[@]}" > "$layer/console.log" 2>&1 < /dev/null &
    container=$!
    until_true "the container to be up" is_up || { tail -n20 "$layer/console.log" >&2; return 1; }
    # What the running system sees, with its own /run.
    inside=/proc/$leader/root
}

# The container's first process is not the first that it has.
is_up() {
    leader=$(pgrep -P "$container" | head -n1) && [ -n "$leader" ] &&
        in_system systemctl is-system-running 2>/dev/null < /dev/null | grep -qE 'running|degraded'
}

halt_system() {
    [ -n "${container-}" ] || return 0
    # SIGRTMIN+3 is systemd's halt.
    kill -s RTMIN+3 "$leader" 2>/dev/null || true
    until_true "the container to end" has_ended || kill -KILL "$container"
    wait "$container" || true
    container=
    leader=
}

has_ended() { ! kill -0 "$container" 2>/dev/null; }

# Asks again until it is so, for at most 30 seconds.
until_true() { # WHAT COMMAND…
    local what=$1 end=$((SECONDS + 30))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || { echo "waited in vain for $what" >&2; return 1; }
        sleep 0.1
    done
}
