#!/bin/sh
# A reader of the fulfilment feed in sh, curl and jq, to copy from.
#
# It prints each event, and keeps its place in a file that it writes after it has printed a page.
#
#   PARTNER_KEY=opk_… sh pull-events.sh $ORDERS_URL cursor
#   PARTNER_KEY=opk_… ONCE=1 sh pull-events.sh $ORDERS_URL cursor
#
# With ONCE it ends when there is no more for now; that is for cron. Stopped at the wrong moment
# it prints a page again: an id that you have seen is done. It waits and goes on when the other
# side is down; it ends with 1 when it was refused, and prints the problem (RFC 9457).
set -eu

if [ $# -ne 2 ] || [ -z "${PARTNER_KEY:-}" ]; then
  echo "usage: PARTNER_KEY=opk_… sh pull-events.sh URL CURSOR_FILE" >&2
  exit 64
fi
events=${1%/}/v1/fulfilment-events
cursor_file=$2
wait_s=20
[ -z "${ONCE:-}" ] || wait_s=0

answer=$(mktemp -d)
trap 'rm -rf "$answer"' EXIT

# Gets the page after the cursor that is given; it is then in $answer/page.
get() {
  pause_s=1
  while :; do
    : > "$answer/head"
    # The key comes to curl by its input: everybody can see the arguments.
    status=$(printf 'Authorization: Bearer %s\n' "$PARTNER_KEY" |
      curl -sS -G --max-time 40 -H @- -D "$answer/head" -o "$answer/page" -w '%{http_code}' \
        -d limit=100 -d "wait_s=$wait_s" ${1:+--data-urlencode "after=$1"} "$events") || status=000
    case $status in
      200) return ;;
      000 | 408 | 429 | 5??) ;;
      *)
        cat "$answer/page" >&2
        exit 1
        ;;
    esac
    after_s=$(sed -n 's/^[Rr]etry-[Aa]fter: *\([0-9][0-9]*\).*/\1/p' "$answer/head" | tail -n 1)
    after_s=${after_s:-$pause_s}
    pause_s=$((pause_s < 32 ? 2 * pause_s : 60))
    echo "again in $after_s s: answered $status" >&2
    sleep "$after_s"
  done
}

while :; do
  cursor=
  [ ! -s "$cursor_file" ] || cursor=$(cat "$cursor_file")
  get "$cursor"
  # Your work goes here.
  jq -r '.events[] | "\(.order_id) #\(.sequence) \(.type) \(.data | tojson)"' "$answer/page"
  # Only now: whoever keeps the place first and is stopped then has lost the page.
  jq -r '.next_cursor // empty' "$answer/page" > "$cursor_file.new"
  if [ -s "$cursor_file.new" ]; then
    mv "$cursor_file.new" "$cursor_file"
  else
    rm "$cursor_file.new"
  fi
  [ -z "${ONCE:-}" ] || [ "$(jq .has_more "$answer/page")" = true ] || break
done
