#!/bin/sh
# A storefront's client in sh and curl, to copy from.
#
# It prints one line of JSON and exits with 0: the outcome is known, 1: refused, 2: not known yet.
#
#   sh place-order.sh place order.json
#   sh place-order.sh cancel ord_…
#
# KEY goes on after a crash with the key of the first try; PATIENCE_S bounds each step.
set -eu

orders=${ORDERS_URL:-http://127.0.0.1:8000}/v1/orders
patience_s=${PATIENCE_S:-60}
answer=$(mktemp -d)
trap 'rm -rf "$answer"' EXIT

# Sends the same request until it is answered for good; the answer's body is then in $answer/body.
ask() {
  give_up_at=$(($(date +%s) + patience_s))
  pause_s=1
  while :; do
    : > "$answer/head"
    : > "$answer/body"
    status=$(curl -sS --max-time 30 -D "$answer/head" -o "$answer/body" -w '%{http_code}' "$@") ||
      status=000
    case $status in
      2??) return ;;
      000 | 429 | 5??) ;;
      409) grep -q '"urn:problem:idempotency-in-progress"' "$answer/body" || refused ;;
      *) refused ;;
    esac
    after_s=$(sed -n 's/^[Rr]etry-[Aa]fter: *\([0-9][0-9]*\).*/\1/p' "$answer/head" | tail -1)
    after_s=${after_s:-$pause_s}
    pause_s=$((pause_s < 8 ? 2 * pause_s : 8))
    [ $(($(date +%s) + after_s)) -le "$give_up_at" ] || not_known "answered $status"
    echo "again in $after_s s: answered $status" >&2
    sleep "$after_s"
  done
}

refused() {
  cat "$answer/body"
  echo
  exit 1
}

not_known() {
  echo "not known yet: $1; the same key may be sent again: ${key:-}" >&2
  exit 2
}

# The first of that name: the order's own, before those of its payment and fulfilment.
member() {
  grep -o "\"$1\": *\(\"[^\"]*\"\|\[[^]]*\]\)" "$answer/body" | head -n 1 | sed 's/^[^:]*: *//'
}

case ${1:-} in
  place)
    key=${KEY:-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')}
    ask "$orders" -H 'Content-Type: application/json' -H "Idempotency-Key: $key" \
      --data-binary "@$2"
    order_id=$(member order_id | tr -d '"')
    ;;
  cancel)
    order_id=$2
    ask -X POST "$orders/$order_id/cancel"
    ;;
  *)
    echo "usage: sh place-order.sh place FILE | cancel ORDER_ID" >&2
    exit 64
    ;;
esac

decided_by=$(($(date +%s) + patience_s))
while :; do
  ask "$orders/$order_id?wait_for=decided&timeout_s=20"
  case $(member status) in
    '"pending"' | '"cancelling"') ;;
    *) break ;;
  esac
  [ "$(date +%s)" -le "$decided_by" ] || not_known "the order is not decided yet"
done
echo "{\"order_id\": \"$order_id\", \"status\": $(member status), \"reasons\": $(member reasons)}"
