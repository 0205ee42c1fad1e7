"""How this service reaches Kafka: addresses, security and the one producer's settings."""

import asyncio
import contextlib
import ssl
from dataclasses import dataclass
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from faststream.security import BaseSecurity, SASLScram512

PRODUCER_BATCH_BYTES = 256 * 1024
# For every client. A broker that is stopped keeps its connections and answers nothing, so this is
# when it is given up; docs/architecture.md, "A broker that stops", has the sum that it is part of.
REQUEST_TIMEOUT_MS = 2_500
RECORD_BYTES_MAX = 1024 * 1024
PRODUCER_CLOSE_TIMEOUT_S = 5.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class KafkaConnection:
    """SCRAM-SHA-512 over TLS when a user is given, plaintext (local only) otherwise."""

    bootstrap: str
    username: str | None = None
    password: str | None = None

    @property
    def servers(self) -> list[str]:
        return self.bootstrap.split(",")

    def client_options(self) -> dict[str, Any]:
        """For aiokafka's clients."""
        options: dict[str, Any] = {"bootstrap_servers": self.servers}
        if self.username is not None:
            options |= {
                "security_protocol": "SASL_SSL",
                "sasl_mechanism": "SCRAM-SHA-512",
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
                "ssl_context": ssl.create_default_context(),
            }
        return options

    def security(self) -> BaseSecurity | None:
        """For FastStream's broker."""
        if self.username is None:
            return None
        return SASLScram512(
            self.username, self.password or "", ssl_context=ssl.create_default_context()
        )


async def new_producer(kafka: KafkaConnection, client_id: str) -> AIOKafkaProducer:
    """Idempotent, all acks, no linger: batches form while one request is in flight."""
    producer = AIOKafkaProducer(
        **kafka.client_options(),
        client_id=client_id,
        acks="all",
        enable_idempotence=True,
        compression_type="zstd",
        linger_ms=0,
        max_batch_size=PRODUCER_BATCH_BYTES,
        max_request_size=RECORD_BYTES_MAX,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
    )
    starting = asyncio.create_task(producer.start())
    try:
        await asyncio.shield(starting)
    except BaseException:
        # aiokafka leaves its first connection open when it is cancelled before it has its answer;
        # it waits for one no longer than for any request.
        await asyncio.gather(starting, return_exceptions=True)
        await producer.stop()
        raise
    return producer


async def close_producer(producer: AIOKafkaProducer) -> None:
    """End it soon, whether or not the broker answers."""
    try:
        async with asyncio.timeout(PRODUCER_CLOSE_TIMEOUT_S):
            await producer.stop()
    except (TimeoutError, KafkaError) as error:
        log.info("producer-close-failed", error=type(error).__name__)
        # Left alone it would go on, and send what it holds again when the broker is back.
        with contextlib.suppress(TimeoutError, KafkaError):
            async with asyncio.timeout(PRODUCER_CLOSE_TIMEOUT_S):
                await producer._sender.close()
        await producer.client.close()
