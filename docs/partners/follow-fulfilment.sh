#!/usr/bin/env bash
# Follows fulfilment.events.v1 with kcat, over TLS and with a user of your own.
#
#   KAFKA_PASSWORD=… bash follow-fulfilment.sh kafka.example:9093 partner.acme ca.pem partner.acme.look
#
# It prints the order's id, the headers (ce_id, ce_type, ce_sequence …) and the data of each event.
# "Invalid credentials" with the right password? "kcat -V" tells its librdkafka: 2.6.1 or newer.
#
# Its position is kept every five seconds, so after a stop the last events come again: an id that
# you have seen is done.
set -euo pipefail

if [ $# -ne 4 ] || [ -z "${KAFKA_PASSWORD:-}" ]; then
  echo "usage: KAFKA_PASSWORD=… bash follow-fulfilment.sh BOOTSTRAP USER CA_FILE GROUP" >&2
  exit 64
fi

# The settings come by a pipe: everybody can see the arguments.
settings() {
  cat << END
bootstrap.servers=$1
security.protocol=SASL_SSL
sasl.mechanism=SCRAM-SHA-512
sasl.username=$2
sasl.password=$KAFKA_PASSWORD
ssl.ca.location=$3
auto.offset.reset=earliest
isolation.level=read_committed
END
}

exec kcat -F <(settings "$@") -q -u -f '%k %h %s\n' -G "$4" fulfilment.events.v1
