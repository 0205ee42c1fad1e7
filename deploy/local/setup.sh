#!/usr/bin/env bash
# Fills .venv from the hashed locks and installs the members in place: setup.sh PYTHON MEMBER…
set -euo pipefail

python=$1
shift
locks=deploy/requirements
needed='import sys; sys.exit(sys.version_info < (3, 11))'

if ! command -v "$python" >/dev/null || ! "$python" -c "$needed"; then
  echo "Python 3.11 or newer is needed; mend it with: apt-get install python3 python3-venv" >&2
  echo "or name another one: make setup PYTHON=python3.12" >&2
  exit 1
fi
if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  echo "Python's venv module is missing; mend it with: apt-get install python${version}-venv" >&2
  exit 1
fi

if [ ! -x .venv/bin/python ] || ! .venv/bin/python -c "$needed"; then
  echo "Making .venv"
  rm -rf .venv
  "$python" -m venv .venv
fi
if [ ! -x .venv/bin/uv ]; then
  .venv/bin/python -m pip install -q --require-hashes -r "$locks/uv.txt"
fi

echo "Installing what $locks/dev.txt names"
export VIRTUAL_ENV="$PWD/.venv"
.venv/bin/uv pip sync -q --require-hashes "$locks/dev.txt"
editable=()
for member in "$@"; do
  editable+=(-e "./$member")
done
.venv/bin/uv pip install -q --no-deps --no-build-isolation "${editable[@]}"
