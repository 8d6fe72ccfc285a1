#!/usr/bin/env bash
# Formats every C++ file of the repository; with --check only says which ones are not.
#
# Always clang-format 14, Debian 12's: other versions disagree with it in places.
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1:-} in
  "") mode=(-i) ;;
  --check) mode=(--dry-run -Werror) ;;
  *)
    echo "usage: $0 [--check]" >&2
    exit 1
    ;;
esac
if ! command -v clang-format-14 > /dev/null; then
  echo "error: clang-format-14 is missing; tools/install_deps.sh ci installs it" >&2
  exit 1
fi
git ls-files -z '*.h' '*.cc' | xargs -0 -n 16 -P "$(nproc)" clang-format-14 --style=file "${mode[@]}"
