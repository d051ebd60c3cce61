# shellcheck shell=bash disable=SC2154 # work: run
# What --help names is in the manual and in the completion as well. Sourced by run.

words_cases() {
    echo "== manuals and completion"
    check_words "$work/unpacked/usr/bin/remoteaccess-agent" '--[a-z-]+'
    check_words "$work/unpacked/usr/bin/remoteaccess-bridge" '--[a-z-]+|setup|account|home|audit|backup|pairing|revoke'
    check_words packaging/home/emoncms-remoteaccess '--[a-z-]+|link|unlink|adopt'
}

check_words() { # PROGRAM WHICH
    check "${1##*/}" has_words "$@"
}

has_words() { # PROGRAM WHICH
    local name=${1##*/} word
    for word in $("$1" --help | grep -oE -- "$2" | sort -u); do
        sed 's/\\-/-/g' packaging/man/"$name".8 | grep -q -- "$word" || { echo "$word is not in the manual"; return 1; }
        grep -q -- "$word" "packaging/completion/$name" || { echo "$word is not in the completion"; return 1; }
    done
}
