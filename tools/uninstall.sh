#!/usr/bin/env bash
# Removes what `make install` installed last, and the folders that are empty then and were made for
# Fathom alone.   usage: uninstall.sh LIST   (DESTDIR as it was for make install)
set -euo pipefail
list=$1
if [ ! -f "$list" ]; then
  echo "error: nothing to uninstall: make install has left no list $list" >&2
  exit 1
fi
while IFS= read -r file; do
  [ -n "$file" ] || continue
  rm -fv "${DESTDIR:-}$file"
  folder=$(dirname "$file")
  while [[ $folder == */fathom || $folder == */fathom/* ]]; do
    [ ! -d "${DESTDIR:-}$folder" ] || rmdir --ignore-fail-on-non-empty "${DESTDIR:-}$folder"
    folder=$(dirname "$folder")
  done
done < "$list"
rm "$list"
