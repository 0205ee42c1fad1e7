"""From a submitted body to an order: what is taken, what is refused, and where it is wrong."""

from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
from orders.domain.order import Fulfilment, Payment, Status, Stock
from orders.domain.placing import Invalid, body_hash, check, place
from shared.contracts.orders import OrderPlaced
from shared.contracts.storefront import AMOUNT_MINOR_MAX, LINES_MAX, QUANTITY_MAX, Submission

from tests.support.builders import a_line, an_order
from tests.unit.orders.cases import NOW

DEADLINE_S = 900.0
LINE = a_line("85123A", 6, 255)


def submission(**changes: Any) -> Submission:
    checked = check(body(**changes))
    assert isinstance(checked, Submission), checked
    return checked


def refused(candidate: object) -> tuple[str, list[str]]:
    """The reason and the pointers."""
    checked = check(candidate)
    assert isinstance(checked, Invalid), "was taken"
    return checked.reason, [one.pointer for one in checked.errors]


def body(**changes: Any) -> dict[str, Any]:
    return {**an_order(LINE, reference="web-1001"), **changes}


def with_member(path: str, value: Any) -> dict[str, Any]:
    """The body with the member that a pointer names set to ``value``."""
    changed = deepcopy(body())
    *parents, last = path.strip("/").split("/")
    at: Any = changed
    for name in parents:
        at = at[int(name)] if isinstance(at, list) else at[name]
    at[last] = value
    return changed


def test_the_total_is_the_sum_of_the_lines_or_the_body_is_refused() -> None:
    lines = [LINE, a_line("22423", 2, 1000), LINE]
    assert submission(lines=lines, total_minor=5060).lines_total_minor == 5060
    for wrong in (5059, 5061):
        checked = check(body(lines=lines, total_minor=wrong))
        assert isinstance(checked, Invalid)
        assert checked.reason == "price-mismatch"
        [error] = checked.errors
        assert error.pointer == "/total_minor"
        assert "5060" in error.detail


# On both sides of every limit: the last value that is taken, the first that is refused.
LIMITS: list[tuple[str, Any, Any]] = [
    ("/client_reference", "r" * 128, "r" * 129),
    ("/client_reference", "r", ""),
    ("/channel", "c2c", "b2g"),
    ("/currency", "EUR", "EURO"),
    ("/currency", "EUR", "eur"),
    ("/locale", "de", "d"),
    ("/locale", "zh-Hans-CN", "zh_CN"),
    ("/customer/id", None, ""),
    ("/customer/id", "c" * 128, "c" * 129),
    ("/customer/email", "a@b", "a b@c"),
    ("/customer/email", f"{'a' * 252}@b", f"{'a' * 253}@b"),
    ("/customer/name", "n" * 500, "n" * 501),
    ("/customer/name", "n", ""),
    ("/shipping_address/line1", "l", ""),
    ("/shipping_address/line2", "", "l" * 501),
    ("/shipping_address/postal_code", "", "1" * 33),
    ("/shipping_address/country", "GB", "GBR"),
    ("/lines/0/sku", "s" * 64, "s" * 65),
    ("/lines/0/sku", "s", ""),
    ("/lines/0/description", "d" * 500, "d" * 501),
    ("/lines/0/seller_id", "s" * 128, ""),
    ("/payment/token", "t" * 255, "t" * 256),
    ("/payment/token", "tok_!~", "tok ok"),
    ("/purchase_order_number", "PO-1", ""),
    ("/campaign", "c" * 128, "c" * 129),
    ("/metadata", {}, []),
]


@pytest.mark.parametrize(("path", "taken", "beyond"), LIMITS)
def test_each_member_is_taken_up_to_its_limit_and_pointed_at_beyond(
    path: str, taken: Any, beyond: Any
) -> None:
    assert isinstance(check(with_member(path, taken)), Submission)
    assert refused(with_member(path, beyond)) == ("validation-failed", [path])


@pytest.mark.parametrize("path", ["/client_reference", "/customer/name", "/lines/0/sku"])
@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b"])
def test_what_the_database_cannot_store_is_refused(path: str, text: str) -> None:
    reason, pointers = refused(with_member(path, text))
    assert (reason, pointers) == ("validation-failed", [path])


@pytest.mark.parametrize(
    ("quantity", "unit_price_minor"), [(1, 1), (QUANTITY_MAX, 1), (1, AMOUNT_MINOR_MAX), (2, 300)]
)
def test_amounts_are_taken_up_to_their_limits(quantity: int, unit_price_minor: int) -> None:
    lines = [a_line("85123A", quantity, unit_price_minor)]
    total = quantity * unit_price_minor
    assert submission(lines=lines, total_minor=total).total_minor == total


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("quantity", 0),
        ("quantity", -1),
        ("quantity", QUANTITY_MAX + 1),
        ("quantity", 1.0),
        ("quantity", "1"),
        ("quantity", True),
        ("unit_price_minor", -1),
        ("unit_price_minor", AMOUNT_MINOR_MAX + 1),
        ("unit_price_minor", 2.55),
    ],
)
def test_a_number_of_another_kind_or_size_is_refused_where_it_stands(
    member: str, value: Any
) -> None:
    lines = [LINE, {**LINE, member: value}]
    reason, pointers = refused(body(lines=lines, total_minor=3060))
    assert (reason, pointers) == ("validation-failed", [f"/lines/1/{member}"])


def test_a_gift_is_a_line_but_no_order() -> None:
    """A line may cost nothing; a card is never charged nothing."""
    gift = a_line("GIFT", 1, 0)
    assert submission(lines=[LINE, gift]).total_minor == 1530
    assert refused(body(lines=[gift], total_minor=0)) == ("validation-failed", ["/total_minor"])


def test_a_sum_beyond_the_limit_is_refused_whatever_the_lines() -> None:
    lines = [a_line("85123A", 2, AMOUNT_MINOR_MAX)]
    total = 2 * AMOUNT_MINOR_MAX
    assert refused(body(lines=lines, total_minor=total))[1] == ["/total_minor"]


def test_a_thousand_lines_are_taken_and_one_more_is_not() -> None:
    line = a_line("85123A", 1, 1)
    assert len(submission(lines=[line] * LINES_MAX, total_minor=LINES_MAX).lines) == LINES_MAX
    for count in (0, LINES_MAX + 1):
        candidate = body(lines=[line] * count, total_minor=max(1, count))
        assert refused(candidate) == ("validation-failed", ["/lines"])


@pytest.mark.parametrize("path", ["/customer", "/lines", "/payment", "/total_minor", "/locale"])
def test_a_missing_member_is_pointed_at(path: str) -> None:
    candidate = body()
    del candidate[path.strip("/")]
    assert refused(candidate) == ("validation-failed", [path])


@pytest.mark.parametrize("path", ["/coupon", "/customer/phone", "/lines/0/colour", "/payment/cvc"])
def test_an_unknown_member_is_refused_and_not_quoted(path: str) -> None:
    checked = check(with_member(path, "hush"))
    assert isinstance(checked, Invalid)
    assert [one.pointer for one in checked.errors] == [path]
    assert "hush" not in repr(checked)


@pytest.mark.parametrize("candidate", [None, [], "order", 7, {}])
def test_anything_else_than_an_order_is_refused(candidate: object) -> None:
    assert refused(candidate)[0] == "validation-failed"


def test_every_error_is_told_at_once_up_to_fifty() -> None:
    assert sorted(refused(body(currency="x", locale="x"))[1]) == ["/currency", "/locale"]
    lines = [{**LINE, "quantity": 0}] * 60
    assert len(refused(body(lines=lines))[1]) == 50


def test_an_order_starts_pending_with_its_deadline() -> None:
    order, placed = place(submission(), "ord_1", NOW, DEADLINE_S)

    assert (order.status, order.payment, order.stock, order.fulfilment) == (
        Status.PENDING,
        Payment.PENDING,
        Stock.PENDING,
        Fulfilment.NONE,
    )
    assert (order.version, order.reasons, order.total_minor) == (1, "", 1530)
    assert (order.placed_at, order.deadline_at) == (NOW, NOW + timedelta(seconds=DEADLINE_S))
    assert (placed.placed_at, placed.deadline_at) == (order.placed_at, order.deadline_at)


def test_order_placed_says_everything_that_was_submitted() -> None:
    more = {"purchase_order_number": "PO-7", "campaign": "spring"}
    wanted = submission(**more)
    _, placed = place(wanted, "ord_1", NOW, DEADLINE_S)

    again = OrderPlaced.from_json(placed.model_dump_json().encode())
    assert again == placed
    assert (again.order_id, again.client_reference, again.key) == ("ord_1", "web-1001", "ord_1")
    said = again.model_dump()
    for name in ("channel", "currency", "locale", "total_minor", *more):
        assert said[name] == getattr(wanted, name)
    assert [dict(line) for line in said["lines"]] == [line.model_dump() for line in wanted.lines]
    assert said["payment"] == wanted.payment.model_dump()
    assert said["personal"]["address"] == wanted.shipping_address.model_dump()
    assert (said["personal"]["email"], said["customer_id"]) == (wanted.customer.email, "17850")


@pytest.mark.parametrize(
    ("deadline_s", "margin_s"),
    [(900.0, 10.0), (50.0, 10.0), (49.0, 9.8), (10.0, 2.0), (1.0, 0.2)],
)
def test_answers_are_due_ten_seconds_or_a_fifth_before_the_deadline(
    deadline_s: float, margin_s: float
) -> None:
    _, placed = place(submission(), "ord_1", NOW, deadline_s)
    assert placed.deadline_at - placed.decide_by == timedelta(seconds=margin_s)


def test_the_hash_tells_a_repeated_body_from_another() -> None:
    same = dict(reversed(list(body().items())))
    assert body_hash(submission()) == body_hash(submission(**same))
    others: list[dict[str, Any]] = [
        {"campaign": "spring"},
        {"lines": [LINE, a_line("22423", 1, 0)]},
        {"payment": {"method": "card", "token": "tok_other"}},
    ]
    hashes = {body_hash(submission(**one)) for one in others}
    assert len(hashes | {body_hash(submission())}) == len(others) + 1


def test_a_token_is_never_shown() -> None:
    wanted = submission(payment={"method": "card", "token": "tok_secret_canary"})
    _, placed = place(wanted, "ord_1", NOW, DEADLINE_S)
    assert "canary" not in repr(wanted) + repr(placed)
