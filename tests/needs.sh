#!/usr/bin/env bash
# Installs the Debian packages that are missing for what is named: bench, build, broker, emoncms, msrv, cross, deb, repo, roots.
# What is there already is left alone, whatever its version; nothing is started or stopped.
set -euo pipefail

missing=()
need() { # COMMAND PACKAGE...
    local command=$1; shift
    PATH=$PATH:/usr/sbin:/sbin command -v "$command" >/dev/null || missing+=("$@")
}
for what in "$@"; do
    case $what in
        bench)
            # rathole is built with OpenSSL and takes PKCS#12; the thin uplink is a network namespace.
            need openssl openssl
            need pkg-config pkg-config
            [ -e /usr/include/openssl/ssl.h ] || missing+=(libssl-dev)
            need ip iproute2
            need tc iproute2 ;;
        build) need cc gcc libc6-dev ;;
        browser) need chromium chromium ;;
        web)
            need node nodejs
            need npm npm ;;
        broker)
            need mosquitto mosquitto
            need mosquitto_passwd mosquitto
            need setpriv util-linux ;;
        emoncms)
            need mariadbd mariadb-server
            need redis-server redis-server
            need nginx nginx
            need curl curl
            need php php-cli
            php -m 2>/dev/null | grep -qi '^mysqli$' || missing+=(php-mysql)
            php -m 2>/dev/null | grep -qi '^redis$' || missing+=(php-redis)
            php -m 2>/dev/null | grep -qi '^curl$' || missing+=(php-curl)
            php -m 2>/dev/null | grep -qi '^mbstring$' || missing+=(php-mbstring)
            compgen -G '/usr/sbin/php-fpm*' >/dev/null || missing+=(php-fpm) ;;
        msrv) need dpkg-deb dpkg ;;
        cross)
            need aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu libc6-dev-arm64-cross
            need arm-linux-gnueabihf-gcc gcc-arm-linux-gnueabihf libc6-dev-armhf-cross
            need lintian lintian ;;
        deb)
            need dpkg-buildpackage dpkg-dev
            need dh debhelper
            need fakeroot fakeroot ;;
        repo)
            need apt-ftparchive apt-utils
            need gpg gpg gpg-agent ;;
        roots)
            need debootstrap debootstrap
            need curl curl
            need openssl openssl
            need systemd-nspawn systemd-container
            need qemu-aarch64-static qemu-user-static ;;
        *) echo "needs.sh: what is '$what'?" >&2; exit 2 ;;
    esac
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)
echo "Installing ${missing[*]}" >&2
apt() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" </dev/null >&2
}
apt install -y --no-install-recommends "${missing[@]}" || {
    apt update
    apt install -y --no-install-recommends "${missing[@]}"
}
