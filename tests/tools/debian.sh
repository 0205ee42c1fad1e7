#!/usr/bin/env bash
# debian.sh PACKAGE PLACE: tells where PLACE is, a command or a file, and installs Debian's PACKAGE
# as root if it is nowhere; exits 0 either way, for what needs it says the rest.
set -euo pipefail

package=$1 place=$2
find_it() { command -v "$place" || { [ -e "$place" ] && echo "$place"; }; }

find_it && exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "$place is missing; mend it with: apt-get install $package" >&2
  exit 0
fi
log=$(mktemp)
(apt-get update -q && apt-get install -q -y --no-install-recommends "$package") >"$log" 2>&1 ||
  { tail -3 "$log" >&2; echo "$package could not be installed" >&2; exit 0; }
rm -f "$log"
find_it || echo "$package is installed, and $place is not there" >&2
