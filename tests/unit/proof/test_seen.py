"""What bad partners have got since a fault began, as its witness counts it."""

from tests.proof.faults.partners import Seen
from tests.support.receivers import Received, Receivers


def came(event_id: str) -> Received:
    return Received("/fail/fail-partner", {"webhook-id": event_id}, b"{}", 0.0)


def test_calls_under_an_id_that_had_come_are_counted_and_older_ones_are_not() -> None:
    servers = Receivers()
    servers.by_name["fail-partner"] = [came("evt_1"), came("evt_1")]
    seen = Seen(servers)
    servers.by_name["fail-partner"] += [came("evt_2"), came("evt_3"), came("evt_2"), came("evt_2")]
    servers.by_name["proof"] += [came("evt_2")]

    assert (len(seen.of("fail")), seen.again("fail")) == (4, 2)
    assert (len(seen.since("proof")), seen.since("elsewhere")) == (1, [])
