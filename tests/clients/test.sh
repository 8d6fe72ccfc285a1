#!/bin/sh
# Every client against the scripted server, which is started and ended here.
#
#   tests/clients/test.sh SCRIPTED_SERVER TOKENIZER FOLDER
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -eq 3 ] || { echo "usage: $0 SCRIPTED_SERVER TOKENIZER FOLDER" >&2; exit 1; }
"$here/../../tools/install_npm.sh" "$here" "$3"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The server ends with its input: whatever becomes of this script, it does not stay.
mkfifo "$work/input" "$work/address"
"$1" "$here/script.json" "$2" a-key-for-the-clients < "$work/input" > "$work/address" &
exec 3> "$work/input"
read -r FATHOM_URL < "$work/address"
export FATHOM_URL FATHOM_KEY=a-key-for-the-clients
"$here/run.sh" "$3"
