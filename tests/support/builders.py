"""Orders as storefronts submit them; customers are numbered."""

from typing import Any
from uuid import uuid4


def a_line(sku: str, quantity: int = 1, unit_price_minor: int = 250) -> dict[str, Any]:
    return {"sku": sku, "quantity": quantity, "unit_price_minor": unit_price_minor}


def an_order(
    *lines: dict[str, Any], token: str = "tok_ok", reference: str | None = None, **more: Any
) -> dict[str, Any]:
    """The body of ``POST /v1/orders``; without lines, one unit of a SKU of its own."""
    reference = reference or f"web-{uuid4().hex}"
    wanted = list(lines) or [a_line(f"sku-{uuid4().hex[:8]}")]
    total = sum(one["quantity"] * one["unit_price_minor"] for one in wanted)
    return {
        "client_reference": reference,
        "channel": "b2c",
        "currency": "GBP",
        "locale": "en-GB",
        "customer": {"id": "17850", "email": "c17850@example.com", "name": "Customer 17850"},
        "shipping_address": {
            "name": "Customer 17850",
            "line1": "1 Mill Lane",
            "city": "London",
            "postal_code": "N1 1AA",
            "country": "GB",
        },
        "lines": wanted,
        "payment": {"method": "card", "token": token},
        "total_minor": total,
        **more,
    }
