# shellcheck shell=bash disable=SC2154,SC2086 # inside, layer: boot.sh, roots.sh; settings, modules: home.sh
# The client of 2018-2021 on a system that gets the package. Sourced by run.

old=/opt/emoncms/modules/remoteaccess-client

take_over() {
    boot_system || return
    add_repository
    old_client '{"APP_ENV":"production","APIKEY_WRITE":"w1","APIKEY_READ":"r1","MQTT_HOST":"localhost","MQTT_USERNAME":"alice","MQTT_PASSWORD":"of old","MQTT_PORT":1,"MQTT_TLS":true,"MQTT_TRANSPORT":"tcp","ACCESS_CONTROL":{"feed\/list":"read","app\/list":"read"}}'
    local before said
    before=$(in_system find $old -type f -exec sha256sum {} +)
    check "its service runs" in_system systemctl -q is-active remoteaccess
    check "apt installs the package" install_and_keep_words
    said=$(cat "$layer/words")
    check "the service is stopped" not in_system systemctl -q is-active remoteaccess
    check "and disabled" not in_system systemctl -q is-enabled remoteaccess
    check "the settings are taken over" in_system cmp $old/remoteaccess.json $settings
    check "readable for emoncms and the agent only" same "640 www-data emoncms-remoteaccess" "$(in_system stat -c '%a %U %G' $settings)"
    check "they are in force" until_true "the server" in_system grep -q '"account":"alice"' /run/emoncms-remoteaccess/status.json
    check "its page makes room for the new one" leads_to_page $modules/remoteaccess
    check "its files are as they were" same "$before" "$(in_system find $old -type f -exec sha256sum {} +)"
    check "it is said so" contains_all "$said" "is disabled" "is stopped" "taken over" "$old is left as it is" "was a link to"
    check "no password is in what was said" not contains_all "$said" "of old"
    in_system sh -c "echo changed > $settings"
    check "installing it once more takes nothing over again" in_system apt-get -qq -y install --reinstall emoncms-remoteaccess
    check "and leaves the settings" same changed "$(in_system cat $settings)"
    check "purged" in_system apt-get -qq -y purge emoncms-remoteaccess
    old_client '{"MQTT_USERNAME":""}'
    check "apt installs the package beside settings of no use" install_and_keep_words
    check "which are left, and it is said what to do" contains_all "$(cat "$layer/words")" "not taken over" "Setup > Remote Access"
    check "nothing is taken over" not in_system test -e $settings
}

# As its instructions have it, with a program that only waits in the place of Python.
old_client() { # SETTINGS
    in_system mkdir -p $old/remoteaccess $modules
    in_system ln -sfn $old/remoteaccess $modules/remoteaccess
    printf '#!/bin/sh\nexec sleep infinity\n' > "$inside/usr/bin/python"
    chmod +x "$inside/usr/bin/python"
    touch "$inside$old/client.py" "$inside$old/remoteaccess/remoteaccess_controller.php"
    printf %s "$1" > "$inside$old/remoteaccess.json"
    chmod 666 "$inside$old/remoteaccess.json"
    cat > "$inside$old/remoteaccess.service" <<UNIT
[Service]
Type=idle
ExecStart=/usr/bin/python $old/client.py
Restart=always
RestartSec=60
[Install]
WantedBy=multi-user.target
UNIT
    in_system ln -sf $old/remoteaccess.service /lib/systemd/system/
    in_system systemctl daemon-reload
    in_system systemctl -q enable --now remoteaccess
}

install_and_keep_words() { install_home > "$layer/words" 2>&1; }

contains_all() { # TEXT PART…
    local text=$1 part
    shift
    for part in "$@"; do
        case $text in
            *"$part"*) ;;
            *) echo "not in it: $part"; return 1 ;;
        esac
    done
}
