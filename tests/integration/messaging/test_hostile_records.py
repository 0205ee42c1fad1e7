"""Whatever a topic holds, the partition moves on and what is told of it can be sent."""

import os
from dataclasses import replace
from typing import Any

import pytest
from shared.messaging.envelope import Record, unpack
from shared.messaging.kafka import RECORD_BYTES_MAX

from tests.support.tally import Counted, Tally, TallyService, a_record, counted

NEARLY_ALL = b"x" * (RECORD_BYTES_MAX - 1_000)
A_POISON = a_record(Counted(order_id="p", number=1))
LONG_ID = os.urandom(3_000).hex()
MAY_BE_KEPT = 20_000


def with_headers(**changed: bytes | None) -> Record:
    return replace(A_POISON, headers=list({**dict(A_POISON.headers), **changed}.items()))


HOSTILE = {
    "id-with-nul": with_headers(ce_id=b"a\x00b"),
    "source-with-nul": with_headers(ce_source=b"\x00"),
    "type-with-nul": with_headers(ce_type=b"tally.counted.v2\x00"),
    "id-of-a-megabyte": with_headers(ce_id=os.urandom(400_000).hex().encode()),
    "source-beyond-an-index": with_headers(ce_source=LONG_ID.encode()),
    "type-of-a-megabyte": with_headers(ce_type=b"tally.counted.v" + NEARLY_ALL),
    "key-beyond-an-index": replace(A_POISON, key=LONG_ID.encode()),
    "key-of-a-megabyte": replace(A_POISON, key=NEARLY_ALL, value=None),
    "key-with-nul": replace(A_POISON, key=b"\x00\xff"),
    "neither-key-nor-value": replace(A_POISON, key=None, value=None),
    "no-key-and-no-bytes": replace(A_POISON, key=None, value=b""),
    "value-of-a-megabyte": replace(A_POISON, value=NEARLY_ALL),
    "header-of-a-megabyte": with_headers(x_note=NEARLY_ALL, x_null=None),
    "headers-without-end": replace(A_POISON, headers=[("", b"")] * 200_000),
    "order-beyond-an-index": a_record(Counted(order_id=LONG_ID, number=1), event_id="long"),
    "order-with-nul": a_record(Counted(order_id="\x00", number=1), event_id="nul"),
    "number-beyond-integer": a_record(Counted(order_id="n", number=2**70), event_id="number"),
    "error-without-end": replace(A_POISON, value=b'{"number": {}, "order_id": []}'),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_record_is_parked_and_the_next_takes_effect(
    service: TallyService, name: str
) -> None:
    tally = Tally("hostile")

    await service.pipeline(tally).process([HOSTILE[name], *counted("a", 1)])

    assert await service.effects("a") == [1]
    parked = await service.parked(tally)
    assert [value for _, _, value in parked] == [HOSTILE[name].value]
    for row in await service.fetch("SELECT * FROM outbox"):
        assert_can_be_sent(row)


def assert_can_be_sent(row: Any) -> None:
    """As aiokafka's producer demands it; one row that cannot be sent stops its shard."""
    assert row["key"] is not None or row["payload"] is not None
    headers = [(name, raw or b"") for name, raw in unpack(row["headers"])]
    size = sum(len(name) + len(raw) + 10 for name, raw in headers)
    size += len(row["key"] or b"") + len(row["payload"] or b"")
    assert size < RECORD_BYTES_MAX


async def test_a_copy_that_would_be_too_large_says_what_is_left_out(service: TallyService) -> None:
    tally = Tally("hostile")

    await service.pipeline(tally).process([HOSTILE["value-of-a-megabyte"]])

    (copy,) = await service.fetch("SELECT * FROM outbox")
    assert (copy["key"], copy["payload"]) == (b"p", b"")
    headers = dict(unpack(copy["headers"]))
    assert headers["dl_reason"] == b"bad-data"
    assert headers["dl_left_out"] == b"headers, value"


@pytest.mark.parametrize(
    ("value", "copied"),
    [
        (b'{"payment": {"method": "card", "token": "tok_1"}}', b'"token": "masked"}}'),
        (
            b'{"payment":{"token":"tok_\\"1\\\\","method":"card"}',
            b'"token":"masked","method":"card"}',
        ),
        (b'{"payment": {"token" :\n "tok_1\nx"', b'"token" :\n "masked"'),
        (b'{"payment": {"token": "tok_1', b'"token": "masked"'),
        (b'{"payment": {"token": tok_1}, "lines": []', b'"token": "masked"}, "lines": []'),
        (b'{"token": "tok_1"} {"token": "tok_1"}', b'{"token": "masked"} {"token": "masked"}'),
    ],
)
async def test_a_payments_token_is_kept_where_the_record_is_parked_and_in_no_copy(
    service: TallyService, value: bytes, copied: bytes
) -> None:
    tally = Tally("hostile")

    await service.pipeline(tally).process([replace(A_POISON, value=value)])

    assert [kept for _, _, kept in await service.parked(tally)] == [value]
    (copy,) = await service.fetch("SELECT payload FROM outbox")
    assert b"tok_" not in copy["payload"]
    assert copy["payload"].endswith(copied)


@pytest.mark.parametrize("context", [b"\x00", b"none", b"x" * MAY_BE_KEPT, b"00-1-2-01"])
async def test_a_trace_context_that_is_none_harms_no_event(
    service: TallyService, context: bytes
) -> None:
    tally, (record,) = Tally("hostile"), counted("a", 1)

    await service.pipeline(tally).process(
        [replace(record, headers=[*record.headers, ("traceparent", context)])]
    )

    assert await service.effects("a") == [1]
    (told,) = await service.fetch("SELECT headers FROM outbox")
    assert dict(unpack(told["headers"])).get("traceparent") != context
