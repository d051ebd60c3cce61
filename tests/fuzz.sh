#!/usr/bin/env bash
# Feeds nonsense to every parser of what comes from outside: tests/fuzz.sh SECONDS [TARGET…]; needs nightly and cargo-fuzz.
# Each target is one process for so long; JOBS of them run at once. What was found out stays in CRATE/fuzz/corpus, what
# fails in CRATE/fuzz/artifacts.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TARGET_DIR=$PWD/target/fuzz
logs=$CARGO_TARGET_DIR/logs

one() { # SECONDS CRATE TARGET
    local folder=$2/fuzz log=$logs/$2-$3.log program ended=fine
    mkdir -p "$folder/corpus/$3" "$folder/artifacts/$3"
    program=$(find target/fuzz -path "*/release/$3" -type f -perm -u+x | head -n 1)
    "$program" -max_total_time="$1" -malloc_limit_mb=64 -print_final_stats=1 -verbosity=0 \
        -artifact_prefix="$folder/artifacts/$3/" "$folder/corpus/$3" "$folder/seeds/$3" > "$log" 2>&1 || ended="FAILED, see $log"
    printf '%-10s %-18s %14s runs  %6s inputs kept  %s\n' "$2" "$3" \
        "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" "$(find "$folder/corpus/$3" -type f | wc -l)" "$ended"
    [ "$ended" = fine ]
}

if [ "$1" = --one ]; then
    shift
    one "$@"
    exit
fi
seconds=$1
shift
mkdir -p "$logs"
for crate in protocol agent bridge; do
    # No address sanitizer: nothing here is unsafe, and without it ten times as much is tried.
    (cd $crate && cargo +nightly fuzz build --sanitizer none >&2)
done
for file in */fuzz/fuzz_targets/*.rs; do
    target=$(basename "$file" .rs)
    if [ $# -eq 0 ] || [[ " $* " == *" $target "* ]]; then echo "${file%%/*} $target"; fi
done | xargs -P "${JOBS:-1}" -L 1 tests/fuzz.sh --one "$seconds"
