"""FastStream's broker as every service has it, with what aiokafka lacks."""

import logging
from collections.abc import Sequence
from typing import Any

from faststream.kafka import KafkaBroker

from shared.messaging.closed_connections import expect_closed_connections
from shared.messaging.header_names import allow_any_header_name
from shared.messaging.kafka import REQUEST_TIMEOUT_MS
from shared.messaging.silent_brokers import avoid_silent_brokers


def new_broker(servers: Sequence[str], security: Any, client_id: str) -> KafkaBroker:
    """Quiet, untyped and without automatic topics; the outbox's relay has its own producer."""
    allow_any_header_name()
    avoid_silent_brokers()
    expect_closed_connections()
    return KafkaBroker(
        list(servers),
        security=security,
        client_id=client_id,
        apply_types=False,
        allow_auto_create_topics=False,
        acks="all",
        enable_idempotence=True,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        logger=logging.getLogger("kafka-consumer"),
        log_level=logging.DEBUG,
    )
