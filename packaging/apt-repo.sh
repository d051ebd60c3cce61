#!/usr/bin/env bash
# Puts the packages of target/deb into a signed apt repository; what was there before stays. Any web server can serve it.
#
#   packaging/apt-repo.sh DIR KEY      KEY: a fingerprint or address in your gpg keyring. To make one:
#       gpg --quick-generate-key 'Your Name <you@example.org>' ed25519 sign never
set -euo pipefail
repository=$(realpath -m "${1:?the folder of the repository is missing}")
key=${2:?KEY is missing: a key of your gpg keyring; packaging/apt-repo.sh says how to make one}
cd "$(dirname "$0")/.."
tests/needs.sh repo
gpg --batch --list-secret-keys "$key" >/dev/null || exit 1

suite=stable
compgen -G 'target/deb/*.deb' >/dev/null || { echo "apt-repo.sh: there are no packages yet: make deb" >&2; exit 1; }
for package in target/deb/*.deb; do
    [[ $(dpkg-deb -f "$package" Maintainer) != *.invalid\> ]] ||
        echo "apt-repo.sh: ${package##*/} names nobody to write to: DEBEMAIL=you@example.org make deb" >&2
done
mkdir -p "$repository/pool"
cp target/deb/*.deb "$repository/pool/"
cd "$repository"

# Beside the old, and in its place at once: somebody may be fetching.
rm -rf dists.new dists.old
architectures=$(for package in pool/*.deb; do dpkg-deb -f "$package" Architecture; done | sort -u)
for architecture in $architectures; do
    folder=dists.new/$suite/main/binary-$architecture
    mkdir -p "$folder"
    apt-ftparchive --arch "$architecture" packages pool > "$folder/Packages"
    gzip -9kn "$folder/Packages"
done
apt-ftparchive -o APT::FTPArchive::Release::Origin='emoncms remote access' \
    -o APT::FTPArchive::Release::Label='emoncms remote access' \
    -o APT::FTPArchive::Release::Suite=$suite -o APT::FTPArchive::Release::Codename=$suite \
    -o APT::FTPArchive::Release::Components=main \
    -o APT::FTPArchive::Release::Architectures="$(echo "$architectures" | xargs)" \
    release dists.new/$suite > Release.new
mv Release.new dists.new/$suite/Release
gpg --batch --yes -u "$key" --armor --detach-sign -o dists.new/$suite/Release.gpg dists.new/$suite/Release
gpg --batch --yes -u "$key" --clearsign -o dists.new/$suite/InRelease dists.new/$suite/Release
gpg --batch --yes --export "$key" > emoncms-remoteaccess.gpg
[ ! -e dists ] || mv dists dists.old
mv dists.new dists
rm -rf dists.old
echo "$repository: $(find pool -name "*.deb" | wc -l) packages for ${architectures//$'\n'/, }"
