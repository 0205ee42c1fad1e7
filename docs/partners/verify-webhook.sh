#!/usr/bin/env bash
# Verifies one webhook by hand, in bash and openssl: exit 0 when it is genuine, 1 when it is not.
#
#   WEBHOOK_SECRET=whsec_… bash verify-webhook.sh ID TIMESTAMP SIGNATURES < body
#
# The arguments are the headers webhook-id, webhook-timestamp and webhook-signature.
# NOW=… says at what time (unix seconds) it came, to look at an old one.
# A shell cannot compare in constant time, so this is to look with: a receiver that others can
# reach must not use it. It reads signatures of version v1.
set -euo pipefail
set -f
export LC_ALL=C

tolerance_s=300

refused() {
  echo "refused: $1" >&2
  exit 1
}

if [ $# -ne 3 ] || [ -z "${WEBHOOK_SECRET:-}" ]; then
  echo "usage: WEBHOOK_SECRET=whsec_… bash verify-webhook.sh ID TIMESTAMP SIGNATURES < body" >&2
  exit 64
fi
[[ $WEBHOOK_SECRET == whsec_* ]] || refused "the secret does not begin with whsec_"
[[ -n $1 ]] || refused "no webhook-id"
[[ $2 =~ ^[0-9]{1,11}$ ]] || refused "webhook-timestamp is not a number"

# The key as numbers, filled up with zeros to SHA-256's block of 64 bytes.
read -ra key < <(printf '%s\n' "${WEBHOOK_SECRET#whsec_}" |
  openssl base64 -d -A | od -An -v -tu1 | tr '\n' ' ') || true
((${#key[@]} >= 24 && ${#key[@]} <= 64)) || refused "the secret is not of 24 to 64 bytes"

# The key with every byte changed by $1. HMAC is made of two hashes here, because the option of
# openssl that makes it at once takes the secret as an argument, which everybody can see.
padded() {
  local at byte
  for ((at = 0; at < 64; at++)); do
    printf -v byte '\\x%02x' $((${key[at]:-0} ^ $1))
    printf '%b' "$byte"
  done
}

sha256() {
  openssl dgst -sha256 -binary
}

expected=$({
  padded 0x5c
  {
    padded 0x36
    printf '%s.%s.' "$1" "$2"
    cat
  } | sha256
} | sha256 | openssl base64 -A)

genuine=
for entry in $3; do
  [[ $entry == "v1,$expected" ]] && genuine=yes
done
[[ -n $genuine ]] || refused "no signature of this body by this secret"

off_s=$((${NOW:-$(date +%s)} - 10#$2))
((off_s <= tolerance_s && -off_s <= tolerance_s)) || refused "sent $off_s s before NOW"
echo "genuine"
