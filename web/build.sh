#!/bin/sh
# Builds the page into OUT: index.html as it is, and assets/ as they are sent, scripts and styles
# compressed. FOLDER keeps the packages and what is in the making.
#
#   web/build.sh FOLDER OUT
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -eq 2 ] || { echo "usage: $0 FOLDER OUT" >&2; exit 1; }
"$here/../tools/install_npm.sh" "$here" "$1"
work=$(cd "$1" && pwd)

# Vite looks for packages beside the sources, so these go where the packages are.
rm -rf "$work/src" "$work/dist"
cp -r "$here/src" "$here/index.html" "$here/vite.config.js" "$work"
for package in dompurify highlight.js katex marked preact; do
  printf '%s\n\n' "==== $package $("$work/run-node" -p "require('$work/node_modules/$package/package.json').version") ===="
  cat "$work/node_modules/$package"/LICENSE*
  echo
done > "$work/src/licenses.txt"
(cd "$work" && NODE_ENV=production "$work/run-node" node_modules/vite/bin/vite.js build --logLevel error)

rm -rf "$2"
mkdir -p "$2/assets"
cp "$work/dist/index.html" "$2"
for file in "$work"/dist/assets/*; do
  case $file in
    *.woff2) cp "$file" "$2/assets" ;;
    *) gzip -9 -n -c "$file" > "$2/assets/$(basename "$file").gz" ;;
  esac
done
