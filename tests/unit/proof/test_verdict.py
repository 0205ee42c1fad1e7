"""Every check of the verdict fails on a history that breaks it; a right history breaks none."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.proof import report
from tests.proof.judges.stock import Shelf
from tests.proof.judges.verdict import CHARGED_TOO_MUCH, Evidence, judge
from tests.unit.proof.breaking import booked, lived, told_other
from tests.unit.proof.histories import (
    CANCELLED,
    CONFIRMED,
    OTHERS,
    RECEIVED,
    REJECTED,
    SKU,
    asked,
    document,
    fact,
    mail,
    moved,
    records,
    right,
    told,
)
from tests.unit.proof.wrong_ends import GOODS, MONEY, TOLD
from tests.unit.proof.wrong_lives import BUYERS, EVENTS, LIFE

WRONG = [*BUYERS, *EVENTS, *LIFE, *MONEY, *GOODS, *TOLD]


def broken_by(seen: Evidence) -> set[str]:
    return {one.check for one in judge(seen)}


def test_a_right_history_breaks_nothing() -> None:
    assert judge(right()) == []


@pytest.mark.parametrize(
    ("check", "history"), [one[1:] for one in WRONG], ids=[one[0] for one in WRONG]
)
def test_a_wrong_history_breaks_the_check_that_watches_it(
    check: str, history: Callable[[], Evidence]
) -> None:
    assert check in broken_by(history())


def test_every_check_is_shown_to_fail() -> None:
    """Of all that the verdict can say, nothing is left without a history above."""
    from tests.architecture.source import ROOT

    text = (ROOT / "tests/proof/judges/verdict.py").read_text()
    named = set(re.findall(r'"([a-z]+(?:-[a-z]+)+)"[,:]', text)) - {"partially-shipped"}

    assert named == {check for _, check, _ in WRONG}
    assert set().union(*report.JUDGED.values()) <= named
    document = (ROOT / "docs/proof.md").read_text()
    assert [one for one in sorted(named) if f"`{one}`" not in document] == []


def test_repetitions_of_a_record_a_mail_and_a_webhook_break_nothing() -> None:
    """Delivery is at least once: the same event, and the same Message-ID, may come again."""
    again = [replace(one, offset=one.offset + 100, at=7) for one in records()[2:]]
    mails, webhooks = [*right().mails, *right().mails], [*right().webhooks, *right().webhooks]

    assert judge(right(told=[*records(), *again], mails=mails, webhooks=webhooks)) == []


def test_what_the_fault_has_forged_is_left_out() -> None:
    poison, early = told(CONFIRMED, "expired", 9), "ord_early"
    placed = told(early, "placed", 1, data=document(early, client_reference="ref-ord_1"))
    forged = frozenset({poison.id[1], early})

    mails = [*right().mails, mail(early, "placed")]
    assert judge(right(told=[*records(), poison, placed], mails=mails, forged=forged)) == []


def test_money_of_what_the_fault_has_forged_is_money_of_nobodys_order() -> None:
    charged = [*right().book, moved("capture", "ord_early")]

    assert broken_by(right(book=charged, forged=frozenset({"ord_early"}))) == {"no-unknown-order"}


def test_orders_of_other_runs_are_none_of_this_one() -> None:
    elsewhere = told("ord_9", "cancelled", 7, data=document("ord_9", client_reference="elsewhere"))
    mails = [*right().mails, mail("ord_9", "placed")]

    seen = right(told=[*records(), elsewhere], mails=mails, elsewhere=frozenset({"ord_9"}))
    assert judge(seen) == []


def test_what_waits_to_be_sent_is_on_the_shelf_and_reserved() -> None:
    journal = right().journal
    journal.shipped.clear()
    waiting = [one for one in records() if one.key != CONFIRMED or "ship" not in one.family]
    seen = right(
        journal=journal,
        told=waiting,
        mails=[one for one in right().mails if one != mail(CONFIRMED, "shipped")],
        webhooks=[one for one in right().webhooks if "shipment" not in one.type],
        shelves={SKU: Shelf(RECEIVED, 1, RECEIVED - 1)},
        statuses={**right().statuses, CONFIRMED: "confirmed"},
    )

    assert judge(seen) == []


def test_a_cancellation_may_be_refused_after_all_while_the_goods_leave() -> None:
    journal = right().journal
    intent = journal.intents[f"ref-{CONFIRMED}"]
    intent.cancel_asked, intent.cancels = True, [202]
    life = ("placed", "confirmed", "cancellation-requested", "shipped", "cancellation-refused")
    mails = [*right().mails, mail(CONFIRMED, "cancellation-refused")]

    assert judge(lived(CONFIRMED, *life, journal=journal, mails=mails)) == []
    intent.cancels = [409]
    assert judge(right(journal=journal)) == []


def test_a_charge_that_is_too_much_by_the_providers_fault_goes_back() -> None:
    """Only of that one token, and only when the order does not live."""
    journal = right().journal
    journal.intents[f"ref-{CANCELLED}"] = replace(
        asked(CANCELLED), token=CHARGED_TOO_MUCH, cancel_asked=True, cancels=[202]
    )
    lines = (moved("capture", CANCELLED, 350), moved("refund", CANCELLED, 350))
    back = [
        replace(one, data={**one.data, "amount_minor": 350})
        if one.key == CANCELLED and one.family.endswith("-refunded")
        else one
        for one in records()
    ]
    mails = [one._replace(text="Total: £2.50, back: £3.50") for one in right().mails]
    seen = booked(*lines, of=CANCELLED)

    assert judge(replace(seen, journal=journal, told=back, mails=mails)) == []
    assert "charged-as-ordered" in broken_by(replace(seen, told=back, mails=mails))


def test_for_the_last_unit_somebody_is_out_of_stock() -> None:
    journal = right().journal
    journal.received[SKU] = 2
    short = told_other(REJECTED, "order-rejected", reasons=["out-of-stock"])

    assert judge(replace(short, journal=journal, shelves={SKU: Shelf(1, 0, 1)})) == []


def test_a_refund_may_come_before_the_order_is_decided() -> None:
    """Of a charge of another amount, while inventory has not answered."""
    assert "one-outcome" not in broken_by(lived(REJECTED, "placed", "refunded", "rejected"))


def test_a_late_charge_and_its_refund_are_told_after_the_end() -> None:
    life = ("placed", "expired", "refunded")
    families = ("payments.payment-voided", "payments.payment-captured", "payments.payment-refunded")
    late = [fact(REJECTED, one, number) for number, one in enumerate(families, 1)]
    kept = [one for one in lived(REJECTED, *life).told if one.family not in OTHERS[REJECTED][:1]]
    lines = [*right().book[:1], moved("capture", REJECTED), moved("refund", REJECTED)]
    mails = [one for one in right().mails if one.order_id != REJECTED]
    seen = right(
        told=[*kept, *late],
        book=[*lines, *right().book[2:]],
        mails=[*mails, *(mail(REJECTED, one) for one in life)],
        statuses={**right().statuses, REJECTED: "expired"},
    )

    assert judge(seen) == []
