# shellcheck shell=bash
# Clean Debian systems to try packages in. Sourced; as root.
#
# A system is made once for each suite and architecture, in target/roots. What a test does to it goes into a layer
# above that, which is thrown away.

roots=$PWD/target/roots
mirror=

# The clean system of SUITE and ARCH; with systemd where that is the machine's own architecture, as it can boot.
make_root() { # SUITE ARCH
    local root=$roots/$1-$2 include=ca-certificates
    [ ! -e "$root.made" ] || return 0
    umount_below "$root"
    rm -rf "$root"
    mkdir -p "$roots"
    if [ "$2" = "$(dpkg --print-architecture)" ]; then
        include+=,systemd,systemd-sysv,dbus
    else
        run_foreign_programs
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

# Puts a layer above a clean system and mounts it at $system.
open_system() { # SUITE ARCH
    layer=$(mktemp -d "$roots/layer.XXXXXX")
    system=$layer/system
    mkdir "$layer/above" "$layer/work" "$system"
    mount -t overlay overlay -o "lowerdir=$roots/$1-$2,upperdir=$layer/above,workdir=$layer/work" "$system"
}

close_system() {
    [ -n "${layer-}" ] || return 0
    umount_below "$layer"
    rm -rf "$layer"
    layer=
}

umount_below() { # FOLDER
    awk -v folder="$1/" 'index($2 "/", folder) == 1 { print $2 }' /proc/mounts | tac | xargs -r -n1 umount
}

# The kernel starts programs of the other architectures with qemu, also in a chroot.
run_foreign_programs() {
    local registry=/proc/sys/fs/binfmt_misc name
    [ -e $registry/register ] || mount -t binfmt_misc binfmt_misc $registry
    for name in qemu-aarch64 qemu-arm; do
        [ -e $registry/$name ] || cat /usr/lib/binfmt.d/$name.conf > $registry/register
    done
}
