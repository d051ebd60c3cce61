# shellcheck shell=bash disable=SC2154,SC2086 # inside, modules: boot.sh, home.sh
# The repository as a module of emonSD: cloned, then install.sh, then install.sh again at each update. Sourced by run.

clone=/opt/emoncms/modules/remoteaccess

module_script() {
    boot_system || return
    in_system mkdir -p $clone /srv/made $modules
    cp install.sh module.json Cargo.toml "$inside$clone/"
    cp target/deb/emoncms-remoteaccess_*_amd64.deb "$inside/srv/made/"
    (cd "$inside/srv/made" && sha256sum -- *.deb > SHA256SUMS)
    sed -i 's/^[0-9a-f]\{8\}/00000000/' "$inside/srv/made/SHA256SUMS"
    check "a package that is not the one that was made is refused" not_installed_by_script "is not what SHA256SUMS says"
    (cd "$inside/srv/made" && sha256sum -- *.deb > SHA256SUMS)
    check "packages from elsewhere have to come over https" says "come over https" run_script http://packages.invalid
    check "the package that was made is installed" run_script /srv/made
    check "the service runs" in_system systemctl -q is-active emoncms-remoteaccess
    check "the page is linked" leads_to_page $modules/remoteaccess
    check "an update of the module that brings nothing new changes nothing" says "is installed" run_script /nowhere
    check "removed" in_system apt-get -qq -y remove emoncms-remoteaccess
    check "an update of the module brings it back" run_script /srv/made
    check "and the service runs" in_system systemctl -q is-active emoncms-remoteaccess
    check "nothing is left of what was fetched" same "" "$(in_system find /tmp -name 'tmp.*')"
    check "purged" in_system apt-get -qq -y purge emoncms-remoteaccess
    add_repository
    check "where apt knows the repository, it comes from there" says "with apt" run_script
    check "the service runs again" in_system systemctl -q is-active emoncms-remoteaccess
    check "purged again" in_system apt-get -qq -y purge emoncms-remoteaccess
    in_system sh -c 'rm /var/lib/apt/lists/*InRelease; sed -i "s/^Version: .*/Version: 0.0.9/" /var/lib/apt/lists/*_Packages'
    check "also where apt has not heard of this version yet" says "with apt" run_script
    check "which is this one" not same 0.0.9 "$(version_of emoncms-remoteaccess)"
}

# With the arguments that emonSD's scripts give.
run_script() { # [PACKAGES]
    in_system env REMOTEACCESS_PACKAGES="${1-}" $clone/install.sh /opt/openenergymonitor pi
}

not_installed_by_script() { # WORDS
    says "$1" run_script /srv/made
    not in_system systemctl -q is-active emoncms-remoteaccess
}
