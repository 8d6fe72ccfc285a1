#!/bin/sh
# Runs every client of FOLDER, where tools/install_npm.sh put them, against a server that plays script.json.
#
#   FATHOM_URL=http://127.0.0.1:8080 FATHOM_KEY=… tests/clients/run.sh FOLDER [CLIENT...]
#
# A line for each scenario; ends with 1 when one was wrong, after all clients have run.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 1 ] || { echo "usage: $0 FOLDER [CLIENT...]" >&2; exit 1; }
out=$(cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- openai anthropic ai_openai_compatible ai_deepseek langchain
[ -e "$out/run-node" ] || { echo "error: $out holds no clients; tools/install_npm.sh puts them there" >&2; exit 1; }

# Node looks for packages beside the program.
cp "$here"/*.mjs "$out"
failed=0
for client in "$@"; do
  "$out/run-node" "$out/$client.mjs" || failed=1
done
exit $failed
