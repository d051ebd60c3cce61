# shellcheck shell=bash disable=SC2154 # inside, layer, suite: boot.sh, roots.sh, run
# The package for the server in a booted Debian, on a network of its own. Sourced by run.

configuration=/etc/emoncms-remoteaccess/bridge.toml

bridge_cases() { # SUITE
    suite=$1
    case_of "$suite: a server from its first package to the last" server
}

server() {
    local before kept pid front=
    # Debian's own packages come from outside, ours from the repository.
    in_system apt-get -qq update
    in_system apt-get -qq -y --no-install-recommends install mosquitto curl sudo > /dev/null 2>&1
    boot_system alone || return
    add_repository
    before=$(files_of)
    check "the version before is installed, and says how to set it up" says "remoteaccess-bridge setup" \
        install_file "$(previous_version emoncms-remoteaccess-bridge)"
    check "it waits for that" same inactive "$(in_system systemctl is-active emoncms-remoteaccess-bridge)"
    make_certificate
    check "setup prepares server and broker" set_up
    check "the database is the service's, and nobody else's" belongs_to_the_service
    in_system systemctl restart mosquitto emoncms-remoteaccess-bridge
    check "the service runs" in_system systemctl -q is-active emoncms-remoteaccess-bridge
    check "it reaches its broker" until_true "health" asks /-/health
    check "it shows the web view" says '<html' asks /
    check "it is as sandboxed as it says" sandboxed emoncms-remoteaccess-bridge
    check "nobody else reads its secrets" not in_system setpriv --reuid=nobody --regid=nogroup --clear-groups cat $configuration
    check "setup changes nothing the second time" says "nothing was changed" set_up
    check "root makes an account where the service's user should have" \
        in_system remoteaccess-bridge account add mallory < <(echo 'tin staple battery')
    check "and leaves it all to the service" belongs_to_the_service
    check "which still writes: somebody signs in" signs_in
    kept=$(in_system cat $configuration)
    pid=$(in_system systemctl show -P MainPID emoncms-remoteaccess-bridge)
    check "apt upgrades it" in_system apt-get -qq -y upgrade
    check "the service was restarted" not same "$pid" "$(in_system systemctl show -P MainPID emoncms-remoteaccess-bridge)"
    check "and reaches its broker" until_true "health" asks /-/health
    check "whoever had an account still has it" signs_in
    check "the configuration is kept" same "$kept" "$(in_system cat $configuration)"
    check "the lines of the README install a home beside it" in_system sh -euc "$(lines_of_the_readme)"
    chain
    check "apt removes it" in_system apt-get -qq -y remove emoncms-remoteaccess-bridge
    check "the configuration is still kept" same "$kept" "$(in_system cat $configuration)"
    check "apt purges both" in_system apt-get -qq -y purge emoncms-remoteaccess-bridge emoncms-remoteaccess
    check "no user and no group is left" not in_system getent passwd emoncms-remoteaccess-bridge
    check "the broker runs without" in_system systemctl -q is-active mosquitto
    in_system rm -rf /opt/emoncms /opt/broker-ca.pem /var/lib/mosquitto/mosquitto.db
    check "no file is left" same "$before" "$(files_of)"
}

# openssl's own configuration would make it an authority's.
make_certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
        -config <(printf '[req]\ndistinguished_name=name\n[name]\n') -addext basicConstraints=CA:FALSE \
        -addext subjectAltName=DNS:localhost -keyout "$layer/key.pem" -out "$layer/certificate.pem" 2>/dev/null
    cp "$layer"/*.pem "$inside/root/"
    cp "$layer/certificate.pem" "$inside/opt/broker-ca.pem"
}

set_up() { in_system remoteaccess-bridge setup --host localhost --certificate /root/certificate.pem --key /root/key.pem; }

belongs_to_the_service() {
    local files=/var/lib/emoncms-remoteaccess-bridge
    same "600 emoncms-remoteaccess-bridge emoncms-remoteaccess-bridge" "$(in_system stat -c '%a %U %G' $files/bridge.db)" &&
        same "" "$(in_system find $files ! -user emoncms-remoteaccess-bridge -o ! -group emoncms-remoteaccess-bridge)" &&
        same "" "$(in_system find $files -perm /077)"
}

# With the repository from a folder instead of a server.
lines_of_the_readme() {
    sed -n 's#https://packages.example.org#file:///srv/packages#g; /^    sudo curl/,/^    sudo apt update/p' README.md
}

signs_in() {
    asks /-/session -H 'Content-Type: application/json' -d '{"username":"mallory","password":"tin staple battery"}'
}

asks() { # PATH CURL-OPTION…
    local path=$1
    shift
    in_system curl -fsS --max-time 20 "$@" "${front:-http://127.0.0.1:8080}$path"
}

# Both packages and Debian's Mosquitto, and nothing else, between a caller and an emoncms.
chain() {
    local key answer
    start_emoncms
    key=$(operate account add alice --keys < <(echo 'correct horse battery staple') | sed -n 's/^read_key = //p')
    check "an account has a key" test ${#key} = 32
    answer=$(asks /user/auth.json -d username=alice -d password='correct horse battery staple' -d remoteaccess=1)
    check "its home gets credentials for the broker" contains_all "$answer" '"success":true' mqtt_username mqtt_password
    in_system setpriv --reuid=www-data --regid=www-data --clear-groups sh -c "umask 027; cat > $settings.new; mv $settings.new $settings" <<JSON
{"MQTT_HOST": "localhost", "MQTT_CA_FILE": "/opt/broker-ca.pem", "EMONCMS_URL": "http://localhost:8090/emoncms",
 "MQTT_USERNAME": "$(value mqtt_username)", "MQTT_PASSWORD": "$(value mqtt_password)",
 "APIKEY_READ": "r", "APIKEY_WRITE": "w", "ACCESS_CONTROL": {"feed/list": "read"}}
JSON
    check "a request is served" until_true "the feeds" feeds_are_seen "$key"
    check "what is not allowed is refused" not asks "/input/list.json?apikey=$key"
}

operate() { in_system runuser -u emoncms-remoteaccess-bridge -- remoteaccess-bridge "$@"; }

# shellcheck disable=SC2001 # a pattern with a group
value() { sed "s/.*\"$1\":\"\([^\"]*\)\".*/\1/" <<< "$answer"; }

feeds_are_seen() { says house_power asks "/feed/list.json?apikey=$1"; }

# Answers everything with one feed.
start_emoncms() {
    in_system mkdir -p /opt/emoncms
    cat > "$inside/opt/emoncms/standin" <<'PERL'
use IO::Socket::INET;
my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 8090, Listen => 16, ReuseAddr => 1) or die;
while (my $caller = $listener->accept) {
    while (my $line = <$caller>) { last if $line =~ /^\r?\n/ }
    my $body = '[{"id":"1","userid":"1","name":"house_power","tag":"emontx","time":1,"value":250}]';
    print $caller "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ", length $body, "\r\nConnection: close\r\n\r\n$body";
    close $caller;
}
PERL
    in_system systemd-run --quiet --unit=emoncms-standin perl /opt/emoncms/standin
}
