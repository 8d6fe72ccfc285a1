#!/bin/sh
# The whole server under strict schemas, over a model that says anything, judged by ajv.
#
#   tests/strict/answers.sh RANDOM_SERVER TOKENIZER ROWS FOLDER [REQUESTS [SEED [AT_ONCE]]]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 4 ] || { echo "usage: $0 RANDOM_SERVER TOKENIZER ROWS FOLDER [REQUESTS [SEED [AT_ONCE]]]" >&2; exit 1; }
server=$1 tokenizer=$2 rows=$3 out=$4
shift 4
"$here/../../tools/install_npm.sh" "$here" "$out"
# Node looks for packages beside the program.
cp "$here"/*.mjs "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The server ends with its input: whatever becomes of this script, it does not stay.
mkfifo "$work/input" "$work/address"
"$server" "$tokenizer" "$rows" "${2:-1}" < "$work/input" > "$work/address" &
exec 3> "$work/input"
read -r FATHOM_URL < "$work/address"
export FATHOM_URL
"$out/run-node" "$out/check_answers.mjs" "$@"
