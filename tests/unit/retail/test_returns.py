"""A cancellation is matched to what the same customer bought before and has not returned."""

from tests.support.retail import a_row, orders, returns


def test_a_return_names_the_order_it_comes_from() -> None:
    rows = [a_row(quantity="6"), a_row("C1", quantity="-2")]

    (found,) = returns(*rows)

    assert (found.matched_quantity, found.matched_minor) == (2, 510)
    assert (found.unmatched_quantity, found.unmatched_minor) == (0, 0)
    assert found.orders == {orders(*rows)[0].reference: 2}


def test_what_was_returned_cannot_be_returned_again() -> None:
    first, second, third = returns(
        a_row(quantity="6"),
        a_row("C1", quantity="-5"),
        a_row("C2", quantity="-2"),
        a_row("C3", quantity="-1"),
    )

    assert (first.matched_quantity, first.unmatched_quantity) == (5, 0)
    assert (second.matched_quantity, second.unmatched_quantity) == (1, 1)
    assert (third.matched_quantity, third.unmatched_minor) == (0, 255)


def test_a_return_may_come_from_two_orders_the_oldest_first() -> None:
    rows = [
        a_row("1", quantity="1"),
        a_row("2", quantity="1", sku="22"),
        a_row("3", quantity="3"),
        a_row("C1", quantity="-2"),
    ]

    (found,) = returns(*rows)

    references = {one.invoice: one.reference for one in orders(*rows)}
    assert found.orders == {references["1"]: 1, references["3"]: 1}


def test_another_customer_another_sku_and_a_later_purchase_do_not_match() -> None:
    found = returns(
        a_row("1", customer="1"),
        a_row("2", customer="2", sku="22"),
        a_row("C1", customer="2", quantity="-1"),
        a_row("3", customer="2"),
    )

    assert [one.matched_quantity for one in found] == [0]


def test_a_guest_is_not_recognised() -> None:
    (found,) = returns(a_row(customer=""), a_row("C1", customer="", quantity="-1"))

    assert (found.customer, found.matched_quantity, found.unmatched_quantity) == (None, 0, 1)


def test_a_discount_is_no_return_of_goods() -> None:
    (found,) = returns(a_row("C1", sku="D", quantity="-1", price="27.5"))

    assert (found.matched_minor, found.unmatched_minor) == (0, 0)


def test_an_invoice_that_is_no_order_was_not_bought() -> None:
    (found,) = returns(
        a_row("1"), a_row("1", quantity="six"), a_row("C1", quantity="-1", price="2.55")
    )

    assert found.matched_quantity == 0
