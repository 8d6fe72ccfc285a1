#!/bin/sh
# Compares the speed of our tokenizer with Hugging Face tokenizers on the same texts, and their ids.
#
#   bench/tokenizer/run.sh [FILE...]     FILEs are further texts to measure
#
# Needs node >= 20, npm, python3, xz. Everything it makes goes to build/bench-tokenizer.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$root/build/bench-tokenizer

node -e 'if (parseInt(process.versions.node) < 20) { console.error("error: node " + process.versions.node + ", expected 20 or newer"); process.exit(1) }'
[ -f "$root/build/release/build.ninja" ] || cmake -S "$root" --preset release > /dev/null
cmake -S "$root" -B "$root/build/release" -DFATHOM_BENCHES=ON > /dev/null
cmake --build "$root/build/release" --target tokenizer_speed

mkdir -p "$out"
cp "$here/package.json" "$here/package-lock.json" "$out"
[ -d "$out/node_modules/tokenizers" ] || npm ci --prefix "$out" --ignore-scripts
xz -dc "$root/tests/golden/tokenizer/tokenizer.parts.json.xz" > "$out/tokenizer.parts.json"
python3 "$root/tests/golden/tokenizer/assemble.py" "$out/tokenizer.parts.json" "$out/tokenizer.json"
rm -f "$out"/*.txt
python3 "$here/corpus.py" "$root" "$out/tokenizer.json" "$out" "$@"

# One thread on their side as well; ours has one.
export TOKENIZERS_PARALLELISM=false RAYON_NUM_THREADS=1
cd "$out"
processor=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)
echo "processor: $processor, one thread, MB per second of processor time"
echo
echo "| text | MB | Hugging Face | Fathom, cold cache | Fathom, warm | cold : HF | warm : HF |"
echo "|---|---|---|---|---|---|---|"
# A process for each text: what one leaves to be collected would be counted against the next.
for text in ./*.txt; do
  node --expose-gc "$here/compare.mjs" "$root/build/release/bench/tokenizer/tokenizer_speed" \
    tokenizer.json "$text"
done
