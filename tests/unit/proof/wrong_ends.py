"""Histories that are wrong in money, goods, mails or webhooks, and the check of each."""

from dataclasses import replace

from tests.unit.proof.breaking import (
    FIRST,
    OPENED,
    REFUNDED,
    SECOND,
    SENT,
    Wrong,
    also_mailed,
    also_told,
    booked,
    came,
    lived,
    mailed,
    not_sent,
    shelf,
    sold_out,
    told_other,
    untold,
)
from tests.unit.proof.histories import (
    CANCELLED,
    CONFIRMED,
    REJECTED,
    delivered,
    fact,
    mail,
    moved,
    right,
)

MONEY: list[Wrong] = [
    (
        "money kept for a cancelled order",
        "money-follows-orders",
        lambda: booked(moved("capture", CANCELLED), of=CANCELLED),
    ),
    ("a sent order unpaid", "money-follows-orders", lambda: booked(of=CONFIRMED)),
    (
        "a part given back",
        "money-follows-orders",
        lambda: booked(moved("capture", CANCELLED), moved("refund", CANCELLED, 249), of=CANCELLED),
    ),
    (
        "a refund twice",
        "money-follows-orders",
        lambda: booked(*REFUNDED, moved("refund", CANCELLED), of=CANCELLED),
    ),
    (
        "a refund that the provider refused",
        "money-follows-orders",
        lambda: booked(
            moved("capture", CANCELLED), moved("refund", CANCELLED, ok=False), of=CANCELLED
        ),
    ),
    (
        "a second charge that was given back",
        "captured-once",
        lambda: booked(
            *[moved("capture", CONFIRMED)] * 2, moved("refund", CONFIRMED), of=CONFIRMED
        ),
    ),
    (
        "an order paid by two halves",
        "captured-once",
        lambda: booked(*[moved("capture", CONFIRMED, 125)] * 2, of=CONFIRMED),
    ),
    (
        "too much charged and the surplus given back",
        "charged-as-ordered",
        lambda: booked(
            moved("capture", CONFIRMED, 350), moved("refund", CONFIRMED, 100), of=CONFIRMED
        ),
    ),
    (
        "too much charged and all of it given back",
        "charged-as-ordered",
        lambda: booked(
            moved("capture", CANCELLED, 350), moved("refund", CANCELLED, 350), of=CANCELLED
        ),
    ),
    *(
        (
            f"a {op} in another currency",
            "charged-as-ordered",
            lambda op=op: right(
                book=[one._replace(currency="USD") if one.op == op else one for one in right().book]
            ),
        )
        for op in ("capture", "refund")
    ),
    (
        "an authorization that blocks a buyer's money",
        "charged-as-ordered",
        lambda: booked(*REFUNDED, moved("authorize", CANCELLED), of=CANCELLED),
    ),
    ("a charge that is not told", "money-is-told", lambda: untold(CONFIRMED, "captured")),
    ("a last refund that is not told", "money-is-told", lambda: untold(CANCELLED, "-refunded")),
    (
        "a refund that orders does not tell",
        "money-is-told",
        lambda: untold(CANCELLED, "order-refunded"),
    ),
    (
        "a sent order whose charge was declined as well",
        "money-is-told",
        lambda: also_told(fact(CONFIRMED, "payments.payment-declined", 2)),
    ),
    (
        "a good card that was declined",
        "refused-for-cause",
        lambda: booked(of=REJECTED),
    ),
    (
        "a refund of another amount than told",
        "money-is-told",
        lambda: told_other(CANCELLED, "payment-refunded", amount_minor=1),
    ),
]

GOODS: list[Wrong] = [
    ("oversold", "stock-follows-orders", lambda: sold_out()),
    ("a hold that nobody needs", "stock-follows-orders", lambda: shelf(9, 1, 8)),
    ("a unit that is missing", "stock-follows-orders", lambda: shelf(8, 0, 8)),
    (
        "out of stock, and there was enough",
        "stock-follows-orders",
        lambda: told_other(REJECTED, "order-rejected", reasons=["out-of-stock"]),
    ),
    ("an unreadable shelf", "stock-follows-orders", lambda: right(shelves={})),
    (
        "a rejected order's hold that is kept, another's let go",
        "goods-are-told",
        lambda: untold(REJECTED, "stock-released"),
    ),
    (
        "a living order's hold that is let go",
        "goods-are-told",
        lambda: also_told(fact(CONFIRMED, "inventory.stock-released", 2)),
    ),
    (
        "another's goods held",
        "goods-are-told",
        lambda: told_other(CONFIRMED, "reserved", holds=[{"sku": "other", "quantity": 1}]),
    ),
    (
        "a hold that comes after its end",
        "goods-are-told",
        lambda: also_told(fact(CANCELLED, "inventory.stock-reserved", 3)),
    ),
    ("a parcel that never left", "goods-are-told", not_sent),
    ("a parcel that partners are not told of", "goods-are-told", lambda: untold(CONFIRMED, SENT)),
    (
        "a confirmed order that nobody is asked to send",
        "goods-are-told",
        lambda: untold(CONFIRMED, OPENED, SENT),
    ),
    (
        "a cancelled order that partners may still send",
        "goods-are-told",
        lambda: untold(CANCELLED, "fulfilment-order-cancelled"),
    ),
    (
        "a rejected order that partners are asked to send",
        "goods-are-told",
        lambda: also_told(fact(REJECTED, OPENED, 1)),
    ),
    (
        "a cancellation refused and nothing sent",
        "cancellation-counts",
        lambda: lived(
            CANCELLED, "placed", "confirmed", "cancellation-requested", "cancellation-refused"
        ),
    ),
]

TOLD: list[Wrong] = [
    (
        "one thing mailed in two messages",
        "buyer-is-told",
        lambda: also_mailed(mail(CONFIRMED, "confirmed", message_id="another")),
    ),
    ("a buyer who is not told", "buyer-is-told", lambda: right(mails=right().mails[1:])),
    (
        "a buyer who is told another outcome",
        "buyer-is-told",
        lambda: mailed(REJECTED, "rejected", subject=mail(REJECTED, "expired").subject),
    ),
    (
        "a buyer who does not hear of the refund",
        "buyer-is-told",
        lambda: right(mails=[one for one in right().mails if "refund" not in one.subject]),
    ),
    ("mails that overtake each other", "buyer-is-told", lambda: right(mails=right().mails[::-1])),
    (
        "a mail about another order's reference",
        "buyer-is-told",
        lambda: mailed(CONFIRMED, "placed", subject=mail(REJECTED, "placed").subject),
    ),
    (
        "a mail to another buyer",
        "mail-is-right",
        lambda: mailed(CONFIRMED, "shipped", to=["ord_2@example.com"]),
    ),
    (
        "a mail to another buyer as well",
        "mail-is-right",
        lambda: mailed(CONFIRMED, "placed", to=["ord_1@example.com", "ord_2@example.com"]),
    ),
    *(
        (f"another sum in the mail of {kind}", "mail-is-right", broken)
        for kind, broken in (
            ("placed", lambda: mailed(CONFIRMED, "placed", text="Total: £250.00")),
            ("confirmed", lambda: mailed(CONFIRMED, "confirmed", text="Total: $2.50")),
            ("refunded", lambda: mailed(CANCELLED, "refunded", text="Refund: £2.49")),
        )
    ),
    (
        "a mail that says something else when it comes again",
        "mail-is-right",
        lambda: also_mailed(mail(CONFIRMED, "placed", text="Total: £2.50, or so")),
    ),
    ("a webhook that never came", "partner-is-told", lambda: came(FIRST)),
    (
        "a buyer's address in what partners are told",
        "kept-private",
        lambda: told_other(CONFIRMED, "dispatched", to="ord_1@example.com"),
    ),
    (
        "a token in what partners are told",
        "kept-private",
        lambda: told_other(CONFIRMED, "dispatched", note="paid by tok_ok"),
    ),
    (
        "a webhook of what Kafka does not tell",
        "partner-is-told",
        lambda: came(FIRST, SECOND, *right().webhooks[2:], delivered(fact(REJECTED, OPENED, 1))),
    ),
    (
        "webhooks in another order",
        "partner-is-told",
        lambda: came(*right().webhooks[::-1]),
    ),
    (
        "a webhook with another parcel",
        "partner-is-told",
        lambda: came(FIRST, replace(SECOND, data={}), *right().webhooks[2:]),
    ),
    (
        "a webhook about another order",
        "partner-is-told",
        lambda: came(FIRST, replace(SECOND, key=REJECTED), *right().webhooks[2:]),
    ),
    (
        "a webhook that is not signed by us",
        "partner-can-verify",
        lambda: came(*right().webhooks, replace(FIRST, key="")),
    ),
    (
        "a webhook that says something else when it comes again",
        "same-bytes-again",
        lambda: came(*right().webhooks, replace(FIRST, headers={**FIRST.headers, "bytes": "{}"})),
    ),
]
