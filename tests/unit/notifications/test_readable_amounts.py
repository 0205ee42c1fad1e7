"""Amounts carry as many decimals as their currency has (ISO 4217)."""

import pytest
from notifications.domain.money import readable_amount


@pytest.mark.parametrize(
    ("amount_minor", "currency", "text"),
    [
        (0, "GBP", "0.00 GBP"),
        (5, "GBP", "0.05 GBP"),
        (1530, "GBP", "15.30 GBP"),
        (123456789, "EUR", "1,234,567.89 EUR"),
        (1500, "JPY", "1,500 JPY"),
        (1500, "KWD", "1.500 KWD"),
        (15000, "CLF", "1.5000 CLF"),
        (-1530, "GBP", "-15.30 GBP"),
    ],
)
def test_minor_units_become_decimals(amount_minor: int, currency: str, text: str) -> None:
    assert readable_amount(amount_minor, currency) == text
