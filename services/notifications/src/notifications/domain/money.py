"""Minor units as decimals, with the exponent of their currency (ISO 4217)."""

from decimal import Decimal

_EXPONENT = 2
_NONE = ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI")
_NONE_TOO = ("VND", "VUV", "XAF", "XOF", "XPF")
_THREE = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
_FOUR = ("CLF", "UYW")
_EXPONENTS = {
    **dict.fromkeys(_NONE + _NONE_TOO, 0),
    **dict.fromkeys(_THREE, 3),
    **dict.fromkeys(_FOUR, 4),
}


def exponent_of(currency: str) -> int:
    """How many decimals the currency has; two when it is unknown."""
    return _EXPONENTS.get(currency, _EXPONENT)


def decimal_of(amount_minor: int, currency: str) -> Decimal:
    """``(123456, "GBP")`` gives ``Decimal("1234.56")``."""
    return Decimal(amount_minor).scaleb(-exponent_of(currency))
