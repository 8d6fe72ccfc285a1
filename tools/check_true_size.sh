#!/usr/bin/env bash
# Runs the checks of docs/true-size.md.   usage: check_true_size.sh DIR [--weights-from-disk] [--only PART]...
#
# DIR takes the checkpoints (17.0 GB): random weights at the published sizes. What is there already
# is used again, so an interrupted run can be repeated; delete DIR when done. The answer is 0 when
# everything is right. With --weights-from-disk less memory than weights will do, slowly. PART is
# speed, layers, chunks or forms. FATHOM_BUILD names a folder that is built already.
set -euo pipefail

if [ $# -lt 1 ] || [[ $1 == -* ]]; then
  echo "usage: $0 DIR [--weights-from-disk] [--only speed|layers|chunks|forms]..." >&2
  exit 1
fi
mkdir -p "$1"
dir=$(cd "$1" && pwd)
shift
build=${FATHOM_BUILD:+$(realpath "$FATHOM_BUILD")}
cd "$(dirname "$0")/.."
config=tests/golden/deepseek-v3.2/config.json

# Megabytes. Memory: the weights, 2.8 GB for a step of the whole prompt, 0.4 GB to keep its run.
disk_needed=17100
memory_needed=20000
[[ " $* " != *" --weights-from-disk "* ]] || memory_needed=5000

disk_free=$(df --output=avail -m "$dir" | tail -n 1 | tr -d ' ')
memory_free=$(awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)
echo "needs $disk_needed MB of disk in $dir (what is there counts) and $memory_needed MB of memory"
echo "free: $disk_free MB of disk, $memory_free MB of memory"

# make_checkpoint NAME ARGUMENTS ...: a checkpoint below DIR, unless the same one is there already.
# NAME.made says that NAME is ours and what it was made with; "unfinished" until it is whole.
make_checkpoint() {
  local name=$1 made=$dir/$1.made
  shift
  local wanted="make-checkpoint --config $config $*"
  if [ -e "$dir/$name" ] && [ ! -f "$made" ]; then
    echo "error: $dir/$name exists and is not from this script" >&2
    exit 1
  fi
  if [ -d "$dir/$name" ] && [ "$(cat "$made")" = "$wanted" ]; then
    echo "$name: there already"
    return
  fi
  rm -rf "${dir:?}/$name"
  echo unfinished > "$made"
  "$fathom" make-checkpoint --config "$config" "$@" --out "$dir/$name"
  echo "$wanted" > "$made"
}

disk_taken=$(du -sm "$dir" | cut -f 1)
if [ $((disk_free + disk_taken)) -lt "$disk_needed" ]; then
  echo "error: too little disk" >&2
  exit 1
fi
if [ "$memory_free" -lt "$memory_needed" ]; then
  echo "error: too little memory; --weights-from-disk does with 5000 MB, slowly" >&2
  exit 1
fi

if [ -z "$build" ]; then
  build=build/release
  cmake --preset release -DFATHOM_TESTS=ON > /dev/null
  cmake --build --preset release --target fathom true_size_check
fi
fathom=$build/apps/fathom/fathom
check=$build/tests/true_size/true_size_check

echo
echo "The full model, 61 layers and MTP: headers alone, holes in place of weights"
make_checkpoint shards --sparse
"$check" shards "$dir/shards"

echo
echo "Four layers: three dense, one with all 256 experts"
make_checkpoint layers --layers 4 --no-mtp
"$check" run "$dir/layers" "$@"
echo
echo "everything is right"
