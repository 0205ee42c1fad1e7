"""Every answer of the provider is counted under its name."""

from typing import get_args

from payments import metrics
from payments.domain.money import Money
from payments.provider import (
    Captured,
    ChargeAnswer,
    Declined,
    NotFound,
    RefundAnswer,
    Refunded,
    RefundRefused,
    Unknown,
)
from prometheus_client import REGISTRY

MONEY = Money(250, "GBP")
ANSWERS: dict[str, ChargeAnswer | RefundAnswer] = {
    "captured": Captured("ch_1", MONEY),
    "declined": Declined("declined"),
    "refunded": Refunded("re_1", MONEY),
    "refused": RefundRefused("too late"),
    "not-found": NotFound(),
    "unknown": Unknown("timeout"),
}


def test_every_answer_there_can_be_has_a_name() -> None:
    asked = {type(one) for one in ANSWERS.values()}

    assert asked == {*get_args(ChargeAnswer), *get_args(RefundAnswer)}


def test_an_answer_is_counted_under_its_operation_and_name() -> None:
    for name, answer in ANSWERS.items():
        labels = {"operation": "charge", "answer": name}
        before = REGISTRY.get_sample_value("orderproof_provider_calls_total", labels) or 0

        metrics.count_answer("charge", answer)

        after = REGISTRY.get_sample_value("orderproof_provider_calls_total", labels)
        assert after == before + 1, name
