# shellcheck shell=bash
# Clean Debian systems to try packages in. Sourced; as root.
#
# A system is made once for each suite and architecture, in target/roots. What a test does to it goes into a layer
# above that, which is thrown away.

roots=$PWD/target/roots
mirror=

# The clean system of SUITE and ARCH. That of another architecture cannot boot, and qemu is slow: it has no systemd.
make_root() { # SUITE ARCH
    local root=$roots/$1-$2 include=systemd,systemd-sysv,dbus,ca-certificates
    [ ! -e "$root.made" ] || return 0
    umount_below "$root"
    rm -rf "$root"
    mkdir -p "$roots"
    if [ "$2" != "$(dpkg --print-architecture)" ]; then
        run_foreign_programs
        include=systemd-standalone-sysusers,systemd-standalone-tmpfiles
    fi
    # Debian from where this machine has it.
    # shellcheck disable=SC2016 # apt's own variables
    [ -n "$mirror" ] || mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' \
        | grep -v security | head -n1)
    echo "Making a clean $1 for $2"
    if ! debootstrap --arch="$2" --variant=minbase --include=$include "$1" "$root" "$mirror" > "$root.log" 2>&1; then
        tail -n20 "$root.log" >&2
        return 1
    fi
    chroot "$root" apt-get clean
    echo "127.0.0.1 localhost" > "$root/etc/hosts"
    touch "$root.made"
}

# Puts a layer above a clean system and mounts it at $system. What it is seen at from here is $inside.
open_system() { # SUITE ARCH
    layer=$(mktemp -d "$roots/layer.XXXXXX")
    system=$layer/system
    # shellcheck disable=SC2034 # for the cases
    inside=$system
    leader=
    mkdir "$layer/above" "$layer/work" "$system"
    mount -t overlay overlay -o "lowerdir=$roots/$1-$2,upperdir=$layer/above,workdir=$layer/work" "$system"
}

close_system() {
    [ -n "${layer-}" ] || return 0
    # What is still mounted there is not the layer's to throw away.
    if until_true "nobody to use the layer" umount_below "$layer"; then rm -rf "$layer"; fi
    layer=
}

umount_below() { # FOLDER
    awk -v folder="$1/" 'index($2 "/", folder) == 1 { print $2 }' /proc/mounts | tac | xargs -r -n1 umount
}

# In the system: a booted one (boot.sh) or a folder.
in_system() { # COMMAND…
    local enter=(chroot "$system")
    [ -z "$leader" ] || enter=(nsenter -t "$leader" -m -u -i -n -p -C --)
    "${enter[@]}" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        HOME=/root DEBIAN_FRONTEND=noninteractive LC_ALL=C "$@"
}

# The kernel starts programs of the other architectures with qemu, also in a chroot.
run_foreign_programs() {
    local registry=/proc/sys/fs/binfmt_misc name
    [ -e $registry/register ] || mount -t binfmt_misc binfmt_misc $registry
    for name in qemu-aarch64 qemu-arm; do
        [ -e $registry/$name ] || cat /usr/lib/binfmt.d/$name.conf > $registry/register
    done
}
