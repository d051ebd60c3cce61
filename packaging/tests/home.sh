# shellcheck shell=bash disable=SC2154 # inside, layer, suite: boot.sh, roots.sh, run
# The package for the home in a booted Debian. Sourced by run.

settings=/var/lib/emoncms-remoteaccess/remoteaccess.json
page=/usr/share/emoncms-remoteaccess/remoteaccess
modules=/var/www/emoncms/Modules

home_cases() { # SUITE
    suite=$1
    case_of "$suite: a fresh install, and emoncms comes later" fresh_install
    case_of "$suite: an upgrade" upgrade
    case_of "$suite: the client of 2018-2021 is taken over" take_over
    case_of "$suite: install.sh, as emonSD calls it" module_script
}

fresh_install() {
    local before
    boot_system || return
    add_repository
    before=$(files_of)
    check "apt installs it where there is no emoncms and no server" install_home
    check "the service runs" in_system systemctl -q is-active emoncms-remoteaccess
    check "emoncms may write settings, the agent may read them" permissions
    check "it is as sandboxed as it says" sandboxed emoncms-remoteaccess emoncms-remoteaccess-link
    check "nothing is linked yet" not in_system test -e $modules
    in_system mkdir -p $modules
    check "the page is linked when emoncms appears" until_true "the link" leads_to_page $modules/remoteaccess
    in_system mkdir -p /srv/other/Modules/remoteaccess
    in_system sed -i 's#^EMONCMS_ROOTS=.*#EMONCMS_ROOTS="/var/www/emoncms /srv/other /srv/third"#' /etc/default/emoncms-remoteaccess
    in_system systemctl daemon-reload
    check "a folder of that name is left alone, and it is said what to do" says "move it away" in_system emoncms-remoteaccess link
    check "and is still a folder" not in_system test -L /srv/other/Modules/remoteaccess
    in_system systemctl restart emoncms-remoteaccess-link.path
    in_system mkdir -p /srv/third/Modules
    check "the page is linked in another web root" until_true "the link" leads_to_page /srv/third/Modules/remoteaccess
    check "a request is served" serves_a_request
    check "a killed agent comes back" comes_back KILL
    check "a stuck agent is noticed and comes back" comes_back STOP
    check "apt removes it" in_system apt-get -qq -y remove emoncms-remoteaccess
    check "the page is taken out" not in_system test -L $modules/remoteaccess
    check "the settings are kept" in_system test -s $settings
    check "apt installs it again" install_home
    check "and it serves with the settings from before" until_true "the service" in_system systemctl -q is-active emoncms-remoteaccess
    check "apt purges it" in_system apt-get -qq -y purge emoncms-remoteaccess
    check "no user and no group is left" not in_system getent passwd emoncms-remoteaccess
    in_system rm -rf /srv/other /srv/third /var/www /etc/broker-ca.pem
    check "no file is left" same "$before" "$(files_of)"
}

upgrade() {
    boot_system || return
    in_system mkdir -p $modules
    check "the version before is installed" install_file "$(previous_version emoncms-remoteaccess)"
    in_system sed -i 's/^#RUST_LOG=.*/RUST_LOG=warn/' /etc/default/emoncms-remoteaccess
    check "a request is served" serves_a_request
    local kept pid
    kept=$(in_system cat $settings)
    pid=$(in_system systemctl show -P MainPID emoncms-remoteaccess)
    add_repository
    check "apt upgrades it" in_system apt-get -qq -y upgrade
    check "to this version" not same 0.0.9 "$(version_of emoncms-remoteaccess)"
    check "the service was restarted" not same "$pid" "$(in_system systemctl show -P MainPID emoncms-remoteaccess)"
    check "and runs" in_system systemctl -q is-active emoncms-remoteaccess
    check "the settings are kept" same "$kept" "$(in_system cat $settings)"
    check "the changed configuration is kept" in_system grep -q ^RUST_LOG=warn /etc/default/emoncms-remoteaccess
    check "the page is still there" leads_to_page $modules/remoteaccess
    check "a request is served again" serves_a_request
}

# shellcheck disable=SC2016 # dpkg's variable
version_of() { in_system dpkg-query -f '${Version}' -W "$1"; } # PACKAGE

install_home() { in_system apt-get -qq -y install emoncms-remoteaccess; }

install_file() { # DEB
    cp "$1" "$inside/root/package.deb"
    in_system apt-get -qq -y install /root/package.deb
}

permissions() {
    local www=(in_system setpriv --reuid=www-data --regid=www-data --clear-groups)
    until_true "the status" in_system test -e /run/emoncms-remoteaccess/status.json
    "${www[@]}" sh -c "umask 027; echo '{}' > $settings" &&
        same "640 www-data emoncms-remoteaccess" "$(in_system stat -c '%a %U %G' $settings)" &&
        "${www[@]}" grep -q '"state"' /run/emoncms-remoteaccess/status.json &&
        not in_system setpriv --reuid=nobody --regid=nogroup --clear-groups cat /run/emoncms-remoteaccess/status.json &&
        not in_system setpriv --reuid=nobody --regid=nogroup --clear-groups cat $settings &&
        in_system rm $settings
}

sandboxed() { # UNIT…
    local unit
    for unit in "$@"; do
        in_system systemd-analyze security --no-pager --offline=true --threshold=20 \
            "/lib/systemd/system/$unit.service" > "$layer/security" || { tail -n1 "$layer/security"; return 1; }
    done
}

leads_to_page() { # LINK
    [ "$(in_system readlink -f "$1")" = $page ]
}

# SIGNAL ends or stops it; the service is given three seconds to be found stuck, and to come back.
comes_back() { # SIGNAL
    local pid
    in_system mkdir -p /run/systemd/system/emoncms-remoteaccess.service.d
    printf '[Service]\nWatchdogSec=3\nRestartSec=1\n' > "$inside/run/systemd/system/emoncms-remoteaccess.service.d/test.conf"
    in_system systemctl daemon-reload
    in_system systemctl restart emoncms-remoteaccess
    pid=$(in_system systemctl show -P MainPID emoncms-remoteaccess)
    in_system sh -c "kill -s $1 $pid"
    until_true "another process" runs_as_other_than "$pid"
}

runs_as_other_than() { # PID
    local now
    now=$(in_system systemctl show -P MainPID emoncms-remoteaccess)
    [ "$now" != 0 ] && [ "$now" != "$1" ] && in_system systemctl -q is-active emoncms-remoteaccess
}

# All files of the system but what running it and apt itself leave.
files_of() {
    in_system find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp -o -path /var/tmp \
        -o -path /var/log -o -path /var/cache -o -path /var/lib/apt -o -path /var/lib/dpkg -o -path /var/lib/systemd \
        -o -path /root \) -prune -o ! -name '*-' ! -name .pwd.lock -print | sort
}
