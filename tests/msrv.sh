#!/usr/bin/env bash
# Compiles the product with the oldest compiler that has to take it: the one with which the packages are built.
set -euo pipefail
cd "$(dirname "$0")/.."

RUSTC=$(packaging/toolchain.sh)
export RUSTC
"$RUSTC" --version
CARGO_TARGET_DIR=$PWD/target/msrv/build \
    cargo check --locked --quiet -p remoteaccess-protocol -p remoteaccess-agent -p remoteaccess-bridge
