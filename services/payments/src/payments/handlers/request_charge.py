"""OrderPlaced -> a charge is asked for | PaymentVoided."""

from shared.contracts.orders import OrderPlaced
from shared.ids import new_id
from shared.messaging.batch import Batch

from payments import facts
from payments.domain.lines import Line
from payments.domain.payment import AlreadyOpen, Opened, OpenedTooLate, Payment, open_payment
from payments.unit_of_work import PaymentsWork


async def request_charge(placed: Batch[OrderPlaced], work: PaymentsWork) -> None:
    """OrderPlaced -> a charge is asked for | PaymentVoided: an order that has ended is not charged.

    Nothing is called here: the charge is a row that a worker takes up.
    """
    for order in placed:
        match open_payment(work.rows[order.order_id], _asked(order, work), work.now):
            case Opened(payment, charge):
                work.ask_charge(payment, charge)
                work.note_lines(order.order_id, _lines(order))
            case OpenedTooLate(payment):
                work.rows[order.order_id] = payment
                work.publish(facts.voided(payment))
            case AlreadyOpen():
                pass


def _asked(order: OrderPlaced, work: PaymentsWork) -> Payment:
    return Payment(
        order_id=order.order_id,
        payment_id=new_id("pay"),
        tenant=order.tenant,
        amount_minor=order.total_minor,
        currency=order.currency,
        token=order.payment.token,
        decide_by=order.decide_by,
        opened_at=work.now,
        traceparent=work.cause(order.order_id),
    )


def _lines(order: OrderPlaced) -> list[Line]:
    return [
        Line(number, line.sku, line.quantity, line.unit_price_minor)
        for number, line in enumerate(order.lines, 1)
    ]
