#!/bin/sh
# A browser uses the chat page of a server that plays script.json; the server is started and ended here.
#
#   tests/page/test.sh SCRIPTED_SERVER TOKENIZER FOLDER [TEST...]
#
# TEST is a file here, such as safety.test.mjs; all of them where none is named. CHROMIUM (Debian's)
# is the browser, and FATHOM_PICTURES a folder for the pictures of docs/page.md.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 3 ] || { echo "usage: $0 SCRIPTED_SERVER TOKENIZER FOLDER [TEST...]" >&2; exit 1; }
server=$1 tokenizer=$2 folder=$3
shift 3
"$here/../../tools/install_npm.sh" "$here" "$folder"
# Node looks for packages beside the program.
cp "$here"/*.mjs "$folder"
[ $# -gt 0 ] || set -- conversation.test.mjs looks.test.mjs safety.test.mjs
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The server ends with its input: whatever becomes of this script, it does not stay. It pauses in
# every step, so that there is time to stop an answer.
mkfifo "$work/input" "$work/address"
"$server" "$here/script.json" "$tokenizer" a-key-for-the-page 16384 2 < "$work/input" > "$work/address" &
exec 3> "$work/input"
read -r FATHOM_URL < "$work/address"
export FATHOM_URL FATHOM_KEY=a-key-for-the-page
cd "$folder"
./run-node --test --test-reporter=spec "$@"
