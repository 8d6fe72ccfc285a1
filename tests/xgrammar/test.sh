#!/bin/sh
# The allowed tokens of Fathom and of another engine, over the states of schemas.json.
#
#   tests/xgrammar/test.sh ALLOWED_SETS TOKENIZER FOLDER
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -eq 3 ] || { echo "usage: $0 ALLOWED_SETS TOKENIZER FOLDER" >&2; exit 1; }
"$here/../../tools/install_npm.sh" "$here" "$3"
cp "$3/node_modules/@mlc-ai/web-xgrammar/lib/index.js" "$3/xgrammar.cjs"
"$1" "$here/schemas.json" "$2" > "$3/sets.jsonl"
cp "$here/compare.mjs" "$3"
"$3/run-node" "$3/compare.mjs" "$here/schemas.json" "$2" "$3/sets.jsonl"
