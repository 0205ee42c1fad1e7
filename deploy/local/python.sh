#!/usr/bin/env bash
# Prints the interpreter that .venv is made of: python3, unless that is a slow build and the system's is not.
# Built without --enable-optimizations, as version managers do, CPython takes some 40 % more CPU time.
set -euo pipefail

fits='import sys, sysconfig, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'
slow='import sys, sysconfig
arguments = sysconfig.get_config_var("CONFIG_ARGS")
sys.exit(arguments is None or "--enable-optimizations" in arguments)'
system=/usr/bin/python3

if command -v python3 >/dev/null && python3 -c "$slow" && [ -x "$system" ] && "$system" -c "$fits" 2>/dev/null; then
  echo "$system"
else
  echo python3
fi
