#!/usr/bin/env bash
# Installs into a folder of its own, moves it, and builds and runs example.c against it in both ways
# a user would.   usage: run.sh BUILD_FOLDER MODEL
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$1 model=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --component development --prefix "$work/first" > /dev/null
mv "$work/first" "$work/prefix"  # what is installed may be moved
prefix=$work/prefix
library=$(find "$prefix" -name libfathom.so.0)
libraries=$(dirname "$library")

others=$(nm -D --defined-only "$library" | awk '{ print $3 }' | grep -v '^fathom_' || true)
[ -z "$others" ] || { echo "error: libfathom.so.0 exports more than fathom_*: $others"; exit 1; }
needs=$(objdump -p "$library" | awk '/NEEDED/ { print $2 }' \
  | grep -vE '^(libc|libm|libgcc_s|libstdc\+\+|ld-linux-x86-64)\.so\.' || true)
[ -z "$needs" ] || { echo "error: libfathom.so.0 needs more than the system's own: $needs"; exit 1; }

export PKG_CONFIG_PATH=$libraries/pkgconfig
read -ra flags < <(pkg-config --cflags --libs fathom)
cc -std=c99 -Wall -Wextra -Werror -pedantic "$here/example.c" -o "$work/by_pkg_config" "${flags[@]}"
LD_LIBRARY_PATH=$libraries "$work/by_pkg_config" "$model" | tee "$work/first.txt"

cmake -S "$here" -B "$work/by_cmake" -DCMAKE_PREFIX_PATH="$prefix" \
  -DCMAKE_C_FLAGS="-std=c99 -Wall -Wextra -Werror -pedantic" > /dev/null
cmake --build "$work/by_cmake" > /dev/null
"$work/by_cmake/example" "$model" > "$work/second.txt"
cmp "$work/first.txt" "$work/second.txt"

# The program of docs/c-api.md, which opens the model below the repository's root.
repository=$here/../..
sed -n '/^```c$/,/^```$/p' "$repository/docs/c-api.md" | sed '1d;$d' > "$work/documented.c"
cc -std=c99 -Wall -Wextra -Werror -pedantic "$work/documented.c" -o "$work/documented" "${flags[@]}"
said=$(cd "$repository" && LD_LIBRARY_PATH=$libraries "$work/documented")
[ -n "$said" ] || { echo "error: the program of docs/c-api.md printed nothing"; exit 1; }

# As C++, too.
printf '#include <fathom.h>\nint main() { return fathom_code_name(FATHOM_OK) == nullptr; }\n' > "$work/user.cc"
c++ -Wall -Wextra -Werror -pedantic "$work/user.cc" -o "$work/user" "${flags[@]}"
LD_LIBRARY_PATH=$libraries "$work/user"
