"""Who was started anew while a broker came and went is told by name."""

from tests.proof.faults.restarts import started_anew


def test_a_service_that_was_started_anew_is_told_and_one_that_lived_on_is_not() -> None:
    before: dict[str, int | None] = {"orders-0": 1, "payments-0": 2, "inventory-0": 3}

    assert started_anew(before, dict(before)) == ()

    found = started_anew(before, {**before, "orders-0": 4, "inventory-0": None})
    assert [(one.check, one.order_id) for one in found] == [("services-live-on", "")] * 2
    assert [one.words.split()[0] for one in found] == ["orders-0", "inventory-0"]
