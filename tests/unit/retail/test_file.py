"""The rules on 513 real invoices: the numbers that everybody gets who reads the same file."""

from collections import Counter

import pytest
from local_runtime.retail.invoices import survey
from local_runtime.retail.lines import LeftOut, Reason
from local_runtime.retail.orders import SaleOrder
from local_runtime.retail.plan import Planned, plan
from local_runtime.retail.returns import Return
from local_runtime.retail.rows import read_rows
from shared.contracts.storefront import Submission

from tests.support.corpora import corpus


@pytest.fixture(scope="module")
def found() -> list[Planned]:
    file = corpus("online_retail.csv")
    with file.open("rb") as once, file.open("rb") as again:
        looked_over = survey(read_rows(once))
        assert (looked_over.rows, looked_over.scattered) == (10_144, set())
        return list(plan(read_rows(again), looked_over.last_lines, "tok_ok"))


def test_everything_becomes_what_it_is(found: list[Planned]) -> None:
    assert Counter(type(one).__name__ for one in found) == {
        "SaleOrder": 424,
        "NoGoods": 46,
        "Return": 43,
        "LeftOut": 85,
    }


def test_the_orders_have_every_line_and_penny(found: list[Planned]) -> None:
    orders = [one for one in found if isinstance(one, SaleOrder)]

    assert sum(order.lines for order in orders) == 9_961
    assert sum(order.total_minor for order in orders) == 18_149_468
    assert max(order.lines for order in orders) == 592
    assert len({order.reference for order in orders}) == 424


def test_the_storefront_s_contract_takes_each_order(found: list[Planned]) -> None:
    for order in (one for one in found if isinstance(one, SaleOrder)):
        assert Submission.model_validate(order.body).lines_total_minor == order.total_minor


def test_each_line_left_out_has_its_reason(found: list[Planned]) -> None:
    reasons = Counter(one.reason for one in found if isinstance(one, LeftOut))

    assert reasons == {Reason.NO_GOODS: 39, Reason.QUANTITY: 30, Reason.PRICE: 16}


def test_each_cancelled_unit_is_matched_or_told_as_not_matched(found: list[Planned]) -> None:
    returns = [one for one in found if isinstance(one, Return)]

    assert sum(one.matched_quantity for one in returns) == 77
    assert sum(one.matched_minor for one in returns) == 18_400
    assert sum(one.unmatched_quantity for one in returns) == 10_738
    assert sum(one.unmatched_minor for one in returns) == 333_979
