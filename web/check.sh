#!/bin/sh
# Runs the tests beside the sources, and says whether web/dist is what web/ builds. Compressed files
# are compared by what is in them: another gzip may pack them otherwise.
#
#   web/check.sh FOLDER
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -eq 1 ] || { echo "usage: $0 FOLDER" >&2; exit 1; }
"$here/build.sh" "$1" "$1/rebuilt"
"$1/run-node" --test "$here"/src/*.test.js > "$1/tests.txt" || { cat "$1/tests.txt"; exit 1; }

# The names and sums of everything in a folder, compressed or not.
contents() {
  (cd "$1" && find . -type f | LC_ALL=C sort | while read -r file; do
    case $file in
      *.gz) sum=$(gzip -d -c "$file" | sha256sum) ;;
      *) sum=$(sha256sum < "$file") ;;
    esac
    echo "$file ${sum%% *}"
  done)
}
contents "$here/dist" > "$1/committed.txt"
contents "$1/rebuilt" > "$1/rebuilt.txt"
if ! diff -u "$1/committed.txt" "$1/rebuilt.txt"; then
  echo "error: web/dist is not what web/ builds; make page builds it again" >&2
  exit 1
fi
