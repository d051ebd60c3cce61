#!/usr/bin/env bash
# Prints the licences of what is compiled into a program, each text once, as they ask for where it is given on.
#
#   packaging/licenses.sh PACKAGE TARGET
set -euo pipefail
cd "$(dirname "$0")/.."
package=$1 target=$2
sources=${CARGO_HOME:-$HOME/.cargo}/registry/src
texts=$(mktemp -d)
trap 'rm -rf "$texts"' EXIT

echo "$package is made with the following, whose authors ask for these words to come with it."
echo
# Compiling has fetched their sources already.
cargo tree --locked --quiet -p "$package" -e normal --target "$target" --prefix none --format '{p}|{l}' \
    | sed 's/ (proc-macro)//; s/ (\*)//' | grep -v "($PWD" | sort -u > "$texts/crates"
while IFS='|' read -r crate licence; do
    name=${crate% v*} version=${crate##* v}
    echo "$name $version: $licence"
    found=
    for text in "$sources"/*/"$name-$version"/{,*/}{LICEN[CS]E,COPYING,COPYRIGHT,NOTICE}*; do
        [ -f "$text" ] || continue
        found=yes
        sum=$(sha256sum < "$text" | cut -c1-16)
        cp -n "$text" "$texts/text-$sum"
        echo "$name $version" >> "$texts/users-$sum"
    done
    [ -n "$found" ] || echo "    (its sources bring no text of it along)"
done < "$texts/crates"
if [ "$package" = remoteaccess-bridge ]; then
    for name in vue uplot; do
        echo "$name, in the web view: MIT"
        cp "web/node_modules/$name/LICENSE" "$texts/text-$name"
        echo $name > "$texts/users-$name"
    done
fi
for text in "$texts"/text-*; do
    printf '\n\n==== %s ====\n\n' "$(paste -sd, "$texts/users-${text##*-}" | sed 's/,/, /g')"
    cat "$text"
done
