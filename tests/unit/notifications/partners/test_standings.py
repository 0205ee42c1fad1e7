"""How endpoints stand after a batch of attempts."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from notifications.partners.domain.attempts import Delivered, GivenUp, TryAgain, Verdict
from notifications.partners.recording import Outcome, standings_of
from notifications.partners.store.deliveries import Attempted
from notifications.partners.store.endpoints import Standing

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(hours=120)
LATER = NOW + timedelta(hours=1)


def outcome(
    verdict: Verdict, failing_since: datetime | None = None, endpoint_id: str = "whe_1"
) -> Outcome:
    attempted = Attempted(
        delivery_id=1,
        token=UUID(int=1),
        endpoint_id=endpoint_id,
        order_id="ord_1",
        state="pending",
        not_before=NOW,
        sent_at=NOW,
        duration_ms=1,
        status=None,
        error=None,
        head="",
        body="",
    )
    return Outcome(attempted, verdict, failing_since)


def standing(*outcomes: Outcome) -> Standing:
    [one] = standings_of(outcomes, NOW)
    return one


def test_one_that_was_received_outweighs_all_that_were_not() -> None:
    failed = outcome(TryAgain(LATER), LONG_AGO)
    found = standing(failed, outcome(Delivered(), LONG_AGO), failed)

    assert (found.well, found.disabled) == (True, None)


def test_nothing_but_failures_for_five_days_disable() -> None:
    assert standing(outcome(TryAgain(LATER), LONG_AGO)).disabled == "failing"
    assert standing(outcome(GivenUp(), LONG_AGO)).disabled == "failing"
    recent = LONG_AGO + timedelta(seconds=1)
    assert standing(outcome(TryAgain(LATER), recent)).disabled is None
    assert standing(outcome(TryAgain(LATER))).disabled is None


def test_gone_disables_whatever_else_came() -> None:
    found = standing(outcome(Delivered()), outcome(GivenUp(gone=True)))

    assert found.disabled == "gone"


def test_the_longest_pause_that_was_asked_for_holds() -> None:
    soon = outcome(TryAgain(NOW, paused_until=NOW + timedelta(seconds=1)))
    late = outcome(TryAgain(NOW, paused_until=LATER))

    assert standing(late, soon).paused_until == LATER
    assert standing(outcome(TryAgain(LATER))).paused_until is None


def test_each_endpoint_stands_for_itself() -> None:
    found = standings_of(
        [outcome(Delivered(), endpoint_id="whe_1"), outcome(GivenUp(), endpoint_id="whe_2")], NOW
    )

    assert [(one.endpoint_id, one.well) for one in found] == [("whe_1", True), ("whe_2", False)]
