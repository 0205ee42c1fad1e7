"""What fails is found in the logs by its order and by its trace, wherever it failed."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from shared.messaging import redrive
from shared.messaging.envelope import Record

from tests.support.logs import logs_as_of_a_service
from tests.support.tally import Counted, Tally, TallyService, a_record

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = ("traceparent", f"00-{TRACE}-00f067aa0ba902b7-00".encode())


def of_the_trace(order_id: str) -> Record:
    plain = a_record(Counted(order_id=order_id, number=1))
    others = [one for one in plain.headers if one[0] != TRACEPARENT[0]]
    return a_record(Counted(order_id=order_id, number=1), headers=[*others, TRACEPARENT])


def told(capsys: pytest.CaptureFixture[str], event: str) -> Mapping[str, Any]:
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    [one] = [line for line in lines if line["event"] == event]
    found: Mapping[str, Any] = one
    return found


async def test_a_failure_and_that_of_its_redrive_name_the_order_and_its_trace(
    service: TallyService, capsys: pytest.CaptureFixture[str]
) -> None:
    tally = Tally("told", broken={("ord_1", 1)})
    with logs_as_of_a_service("tally"):
        await service.pipeline(tally).process([of_the_trace("ord_1")])
        failed = told(capsys, "event-failed")
        [place] = await service.fetch("SELECT * FROM parked_events WHERE consumer = 'told'")
        await redrive.redrive(service.transactions, tally.groups, place, "ada")
        again = told(capsys, "redrive-failed")

    for line in (failed, again):
        assert (line["order_id"], line["trace_id"]) == ("ord_1", TRACE)
        assert line["service"] == "tally"
