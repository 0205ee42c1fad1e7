"""Connections to Kafka that are closed, which aiokafka does not hear of when uvloop knows first."""

from typing import Any

from aiokafka import conn
from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError


def expect_closed_connections() -> None:
    """For every Kafka client of this process, from its next connection on.

    aiokafka expects an ``OSError`` of a write to a closed connection, or none, as with asyncio.
    uvloop raises ``RuntimeError``, and that ends whichever of aiokafka's tasks was writing for
    good. Of a client that updates its metadata no more, all the others wait for ever (aiokafka
    issue 1038).
    """
    conn.AIOKafkaConnection = Connection


class Connection(AIOKafkaConnection):  # type: ignore[misc]
    """aiokafka's, which is broken when it cannot be written to, whatever the loop calls that."""

    def send(self, request: Any, expect_response: bool = True) -> Any:
        """As aiokafka's. Raises ``KafkaConnectionError``."""
        try:
            return super().send(request, expect_response)
        except RuntimeError as error:
            raise self._broken(error) from error

    def _send_sasl_token(self, payload: bytes, expect_response: bool = True) -> Any:
        try:
            return super()._send_sasl_token(payload, expect_response)
        except RuntimeError as error:
            raise self._broken(error) from error

    def _broken(self, error: RuntimeError) -> KafkaConnectionError:
        self.close(reason=CloseReason.CONNECTION_BROKEN)
        return KafkaConnectionError(f"Connection at {self._host}:{self._port} broken: {error}")
