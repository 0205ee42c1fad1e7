#!/usr/bin/env bash
# Writes the hashed locks: the tools, everything for development, one per image, the jars.
set -euo pipefail

locks=deploy/requirements
members=(orderproof-shared orderproof-orders orderproof-payments orderproof-inventory
  orderproof-notifications orderproof-console orderproof-local)
options=(--universal --python-version 3.11 --generate-hashes --no-emit-index-url
  --no-annotate --custom-compile-command "make lock" -q)
for member in "${members[@]}"; do
  options+=(--no-emit-package "$member")
done

everything=(pyproject.toml shared/pyproject.toml deploy/local/pyproject.toml)
for service in orders payments inventory notifications console; do
  everything+=("services/$service/pyproject.toml")
done

uv=.venv/bin/uv
"$uv" pip compile "${options[@]}" "${everything[@]}" --group pyproject.toml:dev -o "$locks/dev.txt"
for service in orders payments inventory notifications console; do
  "$uv" pip compile "${options[@]}" "services/$service/pyproject.toml" \
    -c "$locks/dev.txt" -o "$locks/$service.txt"
done
"$uv" pip compile "${options[@]}" --group deploy/local/pyproject.toml:image \
  -c "$locks/dev.txt" -o "$locks/simulators.txt"
"$uv" pip compile "${options[@]}" --group pyproject.toml:node -o "$locks/node.txt"
"$uv" pip compile "${options[@]}" --group pyproject.toml:browser -c "$locks/dev.txt" \
  -o "$locks/browser.txt"
grep '^uv==' "$locks/dev.txt" | cut -d' ' -f1 |
  "$uv" pip compile "${options[@]}" - -o "$locks/uv.txt"
.venv/bin/python -m local_runtime.lock_jars
