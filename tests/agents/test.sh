#!/bin/sh
# Installs the agents into FOLDER and runs them, or those that are named, through every scenario.
#
#   tests/agents/test.sh SCRIPTED_SERVER TOKENIZER FOLDER [AGENT...]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 3 ] || { echo "usage: $0 SCRIPTED_SERVER TOKENIZER FOLDER [AGENT...]" >&2; exit 1; }
server=$1 tokenizer=$2 folder=$3
shift 3
"$here/../../tools/install_npm.sh" "$here" "$folder"
"$folder/run-node" "$here/run.mjs" "$server" "$tokenizer" "$folder/node_modules" "$@"
