#!/bin/sh
# Installs the validator that package-lock.json pins into FOLDER.
#
#   tests/strict/install.sh FOLDER
#
# Fetches nothing when FOLDER holds it already. Needs npm and node 18 or newer.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -eq 1 ] || { echo "usage: $0 FOLDER" >&2; exit 1; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
# The copy of the lock file says that it is there, whole.
cmp -s "$here/package-lock.json" "$out/installed.json" && exit 0
command -v npm > /dev/null || {
  echo "error: npm is missing; tools/install_deps.sh test installs it" >&2
  exit 1
}
rm -f "$out/installed.json"
cp "$here/package.json" "$here/package-lock.json" "$out"
npm ci --prefix "$out" --ignore-scripts --no-audit --no-fund --loglevel error
cp "$here/package-lock.json" "$out/installed.json"
