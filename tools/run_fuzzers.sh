#!/usr/bin/env bash
# Runs every fuzz target for a while over a copy of its seed corpus.   usage: run_fuzzers.sh SECONDS [BUILD_DIR]
#
# SECONDS is for each target; as many run at a time as there are cores. BUILD_DIR is build/asan where
# it is not given. The first seed is fixed, so that two runs look at much the same inputs and CI's
# answer does not depend on luck; FUZZ_SEED=$RANDOM looks elsewhere. Fails when a target finds
# something (the input is kept below BUILD_DIR/findings), has no seed corpus or is not built.
set -euo pipefail

if [[ ! ${1:-} =~ ^[1-9][0-9]*$ ]]; then
  echo "usage: $0 SECONDS [BUILD_DIR]" >&2
  exit 1
fi
export seconds=$1
source_dir=$(cd "$(dirname "$0")/.." && pwd)
export fuzz_dir=$source_dir/tests/fuzz
build_dir=$(realpath -m "${2:-$source_dir/build/asan}")
export build_dir

targets=()
for source in "$fuzz_dir"/*_fuzz.cc; do
  name=$(basename "$source" _fuzz.cc)
  if [ ! -x "$build_dir/tests/fuzz/${name}_fuzz" ]; then
    echo "error: ${name}_fuzz is not in $build_dir: cmake --preset asan && cmake --build --preset asan" >&2
    exit 1
  fi
  if [ -z "$(find "$fuzz_dir/corpus/$name" -type f -print -quit 2> /dev/null)" ]; then
    echo "error: $name has no seed corpus, expected files in tests/fuzz/corpus/$name" >&2
    exit 1
  fi
  targets+=("$name")
done

work=$(mktemp -d)
export work
trap 'rm -rf "$work"' EXIT

run_one() {
  local name=$1 log=$work/$1.log
  local findings=$build_dir/findings/$name
  mkdir -p "$findings"
  cp -r "$fuzz_dir/corpus/$name" "$work/$name"
  # An input that takes 10 s or 2 GB is a finding too.
  if "$build_dir/tests/fuzz/${name}_fuzz" -max_total_time="$seconds" -seed="${FUZZ_SEED:-1}" -timeout=10 \
    -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$findings/" "$work/$name" > "$log" 2>&1; then
    rmdir --ignore-fail-on-non-empty "$findings"
    printf '%-24s %10s executions, corpus %5s\n' "$name" \
      "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" "$(find "$work/$name" -type f | wc -l)"
  else
    printf '%-24s FOUND SOMETHING, kept in %s:\n' "$name" "$findings"
    grep -vE '^#[0-9]+\s+(NEW|REDUCE|pulse|INITED|RELOAD)' "$log" | tail -n 60
    return 1
  fi
}
export -f run_one

printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I{} bash -c 'run_one {}'
