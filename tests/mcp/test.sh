#!/bin/sh
# The client against a server made with the protocol's SDK, in its three ways.
#
#   tests/mcp/test.sh MCP_SCENARIOS MCP_CHAT_TEST FOLDER
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -eq 3 ] || { echo "usage: $0 MCP_SCENARIOS MCP_CHAT_TEST FOLDER" >&2; exit 1; }
"$here/../../tools/install_npm.sh" "$here" "$3"
out=$(cd "$3" && pwd)
cp "$here"/*.mjs "$out"  # node looks for packages beside the program
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$1" stdio "$out/run-node" "$out/sdk_server.mjs"
for way in stateful stateless; do
  # The server ends with its input: whatever becomes of this script, it does not stay.
  mkfifo "$work/$way.input" "$work/$way.url"
  "$out/run-node" "$out/sdk_server.mjs" $way < "$work/$way.input" > "$work/$way.url" &
  exec 3> "$work/$way.input"
  read -r url < "$work/$way.url"
  "$1" $way "$url"
  exec 3>&-
done
FATHOM_SDK_NODE=$out/run-node FATHOM_SDK_SERVER=$out/sdk_server.mjs "$2" --gtest_brief=1
