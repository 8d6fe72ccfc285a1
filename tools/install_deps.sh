#!/usr/bin/env bash
# Installs the Debian packages Fathom needs, where they are missing.
# usage: install_deps.sh [run|deb|python|page|test|ci]
#
# run     builds and runs the program (the default)
# deb     run, and what builds Debian packages
# python  run, and what the Python module needs
# page    run, and what builds the chat page and tries it in a browser
# test    run, deb and python, and what the tests and benchmarks need
# ci      page, test, and what the slower checks need: sanitizers, fuzzers, formatting
#
# docs/dependencies.md says what each one is for. Nothing is asked and nothing is fetched when
# everything is there. Works as root or through sudo.
set -euo pipefail

run=(g++ cmake ninja-build libfmt-dev libspdlog-dev libcli11-dev libedit-dev libmd4c-dev
     libutf8proc-dev libboost1.81-dev libssl-dev xz-utils)
deb=(dpkg-dev file)
python=(python3-dev pybind11-dev)
test=(libgtest-dev libgmock-dev libbenchmark-dev libsimdjson-dev python3 python3-venv
      pkgconf git bash zsh fish man-db groff-base openssl json-schema-test-suite)
# The real clients of tests/clients. Another node and npm than Debian's are as good, and exclude them.
command -v npm > /dev/null || test+=(nodejs npm)
page=(chromium fonts-dejavu-core)
command -v npm > /dev/null || page+=(nodejs npm)
ci=(clang-19 libclang-rt-19-dev clang-format-14 ccache)

group=${1:-run}
case $group in
  run) wanted=("${run[@]}") ;;
  deb) wanted=("${run[@]}" "${deb[@]}") ;;
  python) wanted=("${run[@]}" "${python[@]}") ;;
  page) wanted=("${run[@]}" "${page[@]}") ;;
  test) wanted=("${run[@]}" "${deb[@]}" "${python[@]}" "${test[@]}") ;;
  ci) wanted=("${run[@]}" "${deb[@]}" "${python[@]}" "${page[@]}" "${test[@]}" "${ci[@]}") ;;
  *)
    echo "error: unknown group '$group', expected run, deb, python, page, test or ci" >&2
    exit 1
    ;;
esac

if ! command -v apt-get > /dev/null; then
  echo "error: this script knows Debian's packages only, and apt is not on this machine." >&2
  echo "Install what corresponds to: ${wanted[*]}" >&2
  echo "and call make with DEPS=installed." >&2
  exit 1
fi

is_installed() {
  dpkg-query -W -f='${db:Status-Status}\n' "$1" 2> /dev/null | grep -qx installed
}
find_missing() {
  missing=()
  for package in "${wanted[@]}"; do
    is_installed "$package" || missing+=("$package")
  done
}

find_missing
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo > /dev/null; then
    echo "error: these packages are missing: ${missing[*]}" >&2
    echo "Installing them needs root, and sudo is not on this machine. As root: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

apt() {
  # Another apt may be at work, as on a machine that has just started: wait for it.
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}

echo "installing ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt update > "$log" 2>&1 || true  # what it could not fetch shows in the next step
if apt install -y --no-install-recommends "${missing[@]}" >> "$log" 2>&1; then
  exit 0
fi
tail -n 20 "$log" >&2
find_missing
echo "error: could not install: ${missing[*]}" >&2
echo "Fathom is built on Debian 12 (bookworm), which has all of these." >&2
exit 1
