"""Double entry: two sides, one sum, zero."""

from hypothesis import given
from hypothesis import strategies as st
from payments.domain.ledger import entries
from payments.domain.money import Money

from tests.unit.payments.cases import an_attempt


@given(st.integers(min_value=1, max_value=10**15), st.sampled_from(["charge", "refund"]))
def test_every_operation_sums_to_zero(minor: int, operation: str) -> None:
    both = entries(an_attempt(operation=operation), Money(minor, "EUR"), "ref")

    assert sum(one.amount_minor for one in both) == 0
    assert {one.account for one in both} == {"provider_clearing", "order_funds"}
    assert {(one.tx_id, one.currency) for one in both} == {("pay_1-charge-1", "EUR")}


def test_a_charge_fills_clearing_and_its_refund_empties_it() -> None:
    charge = entries(an_attempt(), Money(1530, "GBP"), "ch_1")
    refund = entries(an_attempt(operation="refund"), Money(1530, "GBP"), "op_1")

    assert charge[0].amount_minor == 1530
    assert charge[0].amount_minor + refund[0].amount_minor == 0
