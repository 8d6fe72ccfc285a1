#!/bin/sh
# Random schemas, and what is written under them, judged by ajv.
#
#   tests/strict/test.sh SCHEMA_SAMPLES FOLDER [SCHEMAS [COUNT [SEED]]]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 2 ] || { echo "usage: $0 SCHEMA_SAMPLES FOLDER [SCHEMAS [COUNT [SEED]]]" >&2; exit 1; }
program=$1
out=$2
shift 2
"$here/../../tools/install_npm.sh" "$here" "$out"
# Node looks for packages beside the program.
cp "$here"/*.mjs "$here/real_schemas.jsonl" "$out"
"$out/run-node" "$out/check_samples.mjs" "$program" "$@"
