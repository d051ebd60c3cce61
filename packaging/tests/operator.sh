# shellcheck shell=bash disable=SC2154,SC2034 # inside, layer, suite: boot.sh, roots.sh, run
# docs/operator.md in a booted Debian, its own lines word for word, on a network of its own. Sourced by run.

manual=docs/operator.md
name=remote.example.org

operator_cases() { # SUITE
    suite=$1
    case_of "$suite: operator.md, word for word" operator
}

# What apt brings is fetched before, as there is no network then.
operator() {
    in_system apt-get -qq update
    in_system apt-get -qq -y --download-only --no-install-recommends install openssl mosquitto > /dev/null
    in_system apt-get -qq -y --no-install-recommends install curl nginx > /dev/null 2>&1
    echo 'APT::Get::Assume-Yes "true";' > "$inside/etc/apt/apt.conf.d/yes"
    printf '127.0.0.1 %s\n::1 %s\n' $name $name >> "$inside/etc/hosts"
    cp target/deb/emoncms-remoteaccess-bridge_*_amd64.deb "$inside/root/"
    boot_system alone || return
    front=https://$name

    check "1 install" does /root "1 Install" 1
    check "2 a certificate of an authority of one's own" does /root "2 A certificate" 2
    check "3 set up" does /root/ca "3 Set up" 1
    in_system cp /root/ca/ca.crt /usr/local/share/ca-certificates/ours.crt
    in_system update-ca-certificates > /dev/null 2>&1
    by_itself
    accounts || check "5 accounts have lines" false
    check "6 the services run, and are ready" says '"broker":"connected"' does /root "6 Look whether it works" 1
    a_home
    renewal
    backup
    behind_nginx
}

by_itself() {
    check "4 by itself: the certificate" does /root/ca "4 The way in for browsers" 1
    in_system cp "$configuration" /root/bridge.toml.first
    check "its line takes the place of the one that is named" place_line '#:listen = "127.0.0.1:8080"' 2
    check "its lines go to the end" adds "4 The way in for browsers" 3
    check "monitoring: those for metrics as well" adds Monitoring 1
    restarts_checked
    check "metrics are there" says homes_online in_system curl -fsS http://127.0.0.1:9180/metrics
}

# The line in bridge.toml that is so, and the block of the manual that takes its place.
place_line() { # LINE NUMBER
    local new
    grep -qxF "$1" "$inside$configuration" || { echo "bridge.toml has no line $1"; return 1; }
    new=$(block "4 The way in for browsers" "$2") || return 1
    awk -v old="$1" -v new="$new" '$0 == old { $0 = new } { print }' "$inside$configuration" > "$work/configuration"
    cat "$work/configuration" > "$inside$configuration"
}

adds() { # SECTION NUMBER
    local lines
    lines=$(block "$1" "$2") && echo "$lines" >> "$inside$configuration"
}

restarts_checked() {
    check "--check says that it is fine" says "is fine" in_system remoteaccess-bridge --check "$configuration"
    in_system systemctl restart emoncms-remoteaccess-bridge
    check "it is ready again" until_true "it to be ready" asks /-/ready
}

# Each line with a password for whoever asks for one.
accounts() {
    local line short lines
    short=$(block "5 Accounts" 1) && lines=$(block "5 Accounts" 2) || return 1
    while read -r line; do
        check "5 $line" in_system bash -euc "$short"$'\n'"$line" < <(echo 'correct horse battery staple')
    done <<< "$lines"
}

a_home() {
    add_repository
    start_emoncms
    key=$(operate account add alice --keys < <(echo 'correct horse battery staple') | sed -n 's/^read_key = //p')
    in_system apt-get -qq install emoncms-remoteaccess > /dev/null
    answer=$(asks /user/auth.json -d username=alice -d password='correct horse battery staple' -d remoteaccess=1)
    connects 8883 tcp
    check "a home is served" until_true "the feeds" feeds_are_seen "$key"
    connects 443 websockets
    check "and by WebSocket" served_anew
}

connects() { # PORT TRANSPORT
    in_system setpriv --reuid=www-data --regid=www-data --clear-groups sh -c "umask 027; cat > $settings.new; mv $settings.new $settings" <<JSON
{"MQTT_HOST": "$name", "MQTT_CA_FILE": "/usr/local/share/ca-certificates/ours.crt",
 "MQTT_PORT": $1, "MQTT_TRANSPORT": "$2", "EMONCMS_URL": "http://localhost:8090/emoncms",
 "MQTT_USERNAME": "$(value mqtt_username)", "MQTT_PASSWORD": "$(value mqtt_password)",
 "APIKEY_READ": "r", "APIKEY_WRITE": "w", "ACCESS_CONTROL": {"feed/list": "read"}}
JSON
}

# By a connection that is not the one before.
served_anew() {
    until_true "the home to be connected by WebSocket" says 'remoteaccess_bridge_websockets 1' \
        in_system curl -fsS http://127.0.0.1:9180/metrics && until_true "the feeds" feeds_are_seen "$key"
}

renewal() {
    local hook=/etc/letsencrypt/renewal-hooks/deploy/emoncms-remoteaccess before connections
    before=$(serials) connections=$(connections)
    in_system mkdir -p ${hook%/*}
    block Renewals 1 | in_system sh -c "cat > $hook; chmod 755 $hook"
    in_system sh -euc "cd /root/ca && openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 90 \
        -extfile server.ext -out fullchain.pem" > /dev/null 2>&1
    check "renewals: the hook" in_system env RENEWED_LINEAGE=/root/ca $hook
    in_system systemctl reload emoncms-remoteaccess-bridge
    check "both have the new certificate" until_true "another certificate at both ports" both_changed "$before"
    check "nobody was disconnected" same "$connections" "$(connections)"
    check "and the home is still served" feeds_are_seen "$key"
}

# How often the home has connected.
connections() { in_system journalctl -q -o cat -u emoncms-remoteaccess | grep -c '^Connected to'; }

serials() {
    local port
    for port in 443 8883; do
        in_system sh -c "openssl s_client -connect $name:$port < /dev/null 2>/dev/null | openssl x509 -noout -serial"
    done
}

both_changed() { # BEFORE
    local now
    now=$(serials)
    [ "$(sed -n 1p <<< "$now")" != "$(sed -n 1p <<< "$1")" ] && [ "$(sed -n 2p <<< "$now")" != "$(sed -n 2p <<< "$1")" ]
}

backup() {
    check "backup" does / "Backup and restore" 1
    in_system sh -euc "cd /root/ca && cp $configuration . && cp /var/lib/emoncms-remoteaccess-bridge/backup.db ."
    operate account delete alice > /dev/null
    check "who was deleted gets nothing" not asks "/feed/list.json?apikey=$key"
    check "restore" does /root/ca "Backup and restore" 2
    check "it is as before, with the home" until_true "the feeds" feeds_are_seen "$key"
}

# The server has one port for the web, so the bridge leaves it to nginx.
behind_nginx() {
    in_system cp /root/bridge.toml.first "$configuration"
    { block "4 The way in for browsers" 4; cat "$inside$configuration"; } > "$work/configuration"
    cat "$work/configuration" > "$inside$configuration"
    adds Monitoring 1
    check "--check says that it is fine" says "is fine" in_system remoteaccess-bridge --check "$configuration"
    in_system sh -euc "mkdir -p /etc/letsencrypt/live && cp -r /root/ca /etc/letsencrypt/live/$name"
    block "4 The way in for browsers" 5 > "$inside/etc/nginx/conf.d/remoteaccess.conf"
    in_system systemctl restart emoncms-remoteaccess-bridge
    check "4 behind nginx" in_system systemctl restart nginx
    check "it is ready" until_true "it to be ready" asks /-/ready
    check "the home comes by WebSocket through nginx" served_anew
    check "who comes through it is counted by itself" not says trusted_proxies \
        in_system journalctl -q -o cat -u emoncms-remoteaccess-bridge -p warning
}

# A block of the manual's, done in a folder.
does() { # FOLDER SECTION NUMBER
    local lines
    lines=$(block "$2" "$3") && in_system bash -euc "cd $1"$'\n'"$lines"
}

# So many-th block of lines in a section.
block() { # SECTION NUMBER
    awk -v section="## $1" -v wanted="$2" '
        /^## / { inside = $0 == section; next }
        !inside { next }
        /^    / { if (!open) { open = 1; number++ } if (number == wanted) { printf "%s", blank; print substr($0, 5) } blank = ""; next }
        /^ *$/ { blank = open ? "\n" : ""; next }
        { open = 0; blank = "" }
    ' $manual | grep . || { echo "operator.md has no block $2 under $1" >&2; return 1; }
}
