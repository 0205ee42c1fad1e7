"""The events this service tells, made from a payment."""

from shared.contracts.payments import (
    DeclineReason,
    PaymentCaptured,
    PaymentDeclined,
    PaymentRefunded,
    PaymentVoided,
)

from payments.domain.attempts import Attempt
from payments.domain.payment import Payment


def captured(payment: Payment, *, late: bool) -> PaymentCaptured:
    """What the provider really took."""
    return PaymentCaptured(
        order_id=payment.order_id,
        tenant=payment.tenant,
        payment_id=payment.payment_id,
        amount_minor=payment.captured_minor,
        currency=payment.captured_currency,
        late=late,
    )


def declined(payment: Payment, reason: DeclineReason) -> PaymentDeclined:
    return PaymentDeclined(
        order_id=payment.order_id,
        tenant=payment.tenant,
        payment_id=payment.payment_id,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        reason=reason,
    )


def voided(payment: Payment) -> PaymentVoided:
    return PaymentVoided(
        order_id=payment.order_id,
        tenant=payment.tenant,
        payment_id=payment.payment_id,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
    )


def refunded(payment: Payment, refund: Attempt) -> PaymentRefunded:
    return PaymentRefunded(
        order_id=payment.order_id,
        tenant=payment.tenant,
        payment_id=payment.payment_id,
        amount_minor=refund.amount_minor,
        currency=refund.currency,
        refund_id=refund.provider_key,
        refunded_minor=payment.refunded_minor,
        captured_minor=payment.captured_minor,
        reason=refund.reason,
    )
