# shellcheck shell=bash disable=SC2154 # inside, layer, suite: boot.sh, roots.sh, run
# The package for the server in a booted Debian, on a network of its own. Sourced by run.

configuration=/etc/emoncms-remoteaccess/bridge.toml

bridge_cases() { # SUITE
    suite=$1
    case_of "$suite: a server from its first package to the last" server
}

server() {
    local before kept pid
    # Debian's own packages come from outside, ours from the repository.
    in_system apt-get -qq update
    in_system apt-get -qq -y --no-install-recommends install mosquitto curl > /dev/null 2>&1
    boot_system alone
    add_repository
    before=$(files_of)
    check "the version before is installed, and says how to set it up" says "remoteaccess-bridge setup" \
        install_file "$(previous_version emoncms-remoteaccess-bridge)"
    check "it waits for that" same inactive "$(in_system systemctl is-active emoncms-remoteaccess-bridge)"
    make_certificate
    check "setup prepares server and broker" set_up
    in_system systemctl restart mosquitto emoncms-remoteaccess-bridge
    check "the service runs" in_system systemctl -q is-active emoncms-remoteaccess-bridge
    check "it reaches its broker" until_true "health" asks /-/health
    check "it shows the web view" says '<html' asks /
    check "it is as sandboxed as it says" sandboxed emoncms-remoteaccess-bridge
    check "nobody else reads its secrets" not in_system setpriv --reuid=nobody --regid=nogroup --clear-groups cat $configuration
    check "setup changes nothing the second time" says "nothing was changed" set_up
    kept=$(in_system cat $configuration)
    pid=$(in_system systemctl show -P MainPID emoncms-remoteaccess-bridge)
    check "apt upgrades it" in_system apt-get -qq -y upgrade
    check "the service was restarted" not same "$pid" "$(in_system systemctl show -P MainPID emoncms-remoteaccess-bridge)"
    check "and reaches its broker" until_true "health" asks /-/health
    check "the configuration is kept" same "$kept" "$(in_system cat $configuration)"
    check "apt installs a home beside it" install_home
    chain
    check "apt removes it" in_system apt-get -qq -y remove emoncms-remoteaccess-bridge
    check "the configuration is still kept" same "$kept" "$(in_system cat $configuration)"
    check "apt purges both" in_system apt-get -qq -y purge emoncms-remoteaccess-bridge emoncms-remoteaccess
    check "no user and no group is left" not in_system getent passwd emoncms-remoteaccess-bridge
    check "the broker runs without" in_system systemctl -q is-active mosquitto
    in_system rm -rf /opt/emoncms
    check "no file is left" same "$before" "$(files_of)"
}

make_certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost -keyout "$layer/key.pem" -out "$layer/certificate.pem" 2>/dev/null
    cp "$layer"/*.pem "$inside/root/"
    cp "$layer/certificate.pem" "$inside/opt/broker-ca.pem"
}

set_up() { in_system remoteaccess-bridge setup --host localhost --certificate /root/certificate.pem --key /root/key.pem; }

asks() { # PATH CURL-OPTION…
    local path=$1
    shift
    in_system curl -fsS --max-time 20 "$@" "http://127.0.0.1:8080$path"
}
