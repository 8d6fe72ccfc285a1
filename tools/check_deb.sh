#!/usr/bin/env bash
# Debian's own checks of the packages that `make deb` built, then their life on a clean Debian 12:
# installed with what they depend on, used by an ordinary user, purged; and no file may be left.
#   usage: check_deb.sh [BASE.tar]
#
# As root, with debootstrap and lintian, and Debian's archive in reach (MIRROR says where). Takes a
# few minutes. BASE.tar keeps the clean system for the next time; it is made where it is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
mirror=${MIRROR:-http://deb.debian.org/debian}
base=${1:-}
packages=(build/release/packages/fathom_*.deb build/release/packages/fathom-nano_*.deb)

fail() { echo "error: $*" >&2; exit 1; }
[ "$(id -u)" -eq 0 ] || fail "a clean system is made and entered as root"
for tool in debootstrap lintian; do
  command -v "$tool" > /dev/null || fail "$tool is not installed (apt-get install $tool)"
done
[ ${#packages[@]} -eq 2 ] || fail "expected one fathom and one fathom-nano, found: ${packages[*]}"
for package in "${packages[@]}"; do
  [ -f "$package" ] || fail "$package is missing: run make deb"
done

echo "== lintian"
# Bug numbers are for packages that enter Debian itself.
lintian --allow-root --fail-on error,warning --suppress-tags initial-upload-closes-no-bugs "${packages[@]}"

echo "== clean system"
work=$(mktemp -d)
root=$work/root
trap 'rm -rf "$work"' EXIT
mkdir -m 755 "$root"
if [ -n "$base" ] && [ -f "$base" ]; then
  tar -C "$root" -xf "$base"
else
  debootstrap --variant=minbase bookworm "$root" "$mirror" > "$work/log" 2>&1 ||
    { tail -n 20 "$work/log" >&2; fail "debootstrap could not make a system from $mirror"; }
  [ -z "$base" ] || tar -C "$root" -cf "$base" .
fi
cp /etc/resolv.conf "$root/etc/"
cp "${packages[@]}" "$root/tmp/"
# apt's and dpkg's own records, lists and logs change with every package.
files() {
  find "$root" -xdev \( -path "$root/var/lib/apt" -o -path "$root/var/lib/dpkg" -o -path "$root/var/log" \
    -o -path "$root/var/cache" -o -path "$root/proc" -o -path "$root/tmp" \) -prune -o -print | sort
}
files > "$work/before"

# The mount of /proc, where the program finds its own place, ends with the namespace.
inside() {
  unshare --mount bash -c 'mount -t proc proc "$1/proc" && exec chroot "${@:2}"' inside "$root" "$@"
}
in_system() { inside "$root" env DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
as_user() { inside --userspec=nobody:nogroup "$root" env HOME=/nonexistent PATH=/usr/bin:/bin "$@"; }
shown() { echo "\$ $*"; as_user "$@"; }

echo "== install"
in_system apt-get -qq update
in_system sh -c 'apt-get -qq -o Dpkg::Use-Pty=0 install -y /tmp/*.deb'
in_system dpkg-query -W -f '${Package} ${Version} ${Architecture} ${Installed-Size} KiB\n' fathom fathom-nano
in_system dpkg --verify fathom fathom-nano

echo "== use"
shown fathom --version
shown fathom run -p hi
shown fathom run -p "What is 482 * 37?" --use-tools

echo "== purge"
in_system sh -c 'apt-get -qq -o Dpkg::Use-Pty=0 purge -y fathom fathom-nano && apt-get -qq -o Dpkg::Use-Pty=0 autoremove --purge -y'
files > "$work/after"
diff "$work/before" "$work/after" || fail "the files above were left (>) or removed (<)"
echo "passed: $(wc -l < "$work/before") files and folders before, the same after"
