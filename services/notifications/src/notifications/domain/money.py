"""Amounts as people read them: minor units with the exponent of their currency (ISO 4217)."""

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


def readable_amount(amount_minor: int, currency: str) -> str:
    """``(123456, "GBP")`` gives ``1,234.56 GBP``; ``(1500, "JPY")`` gives ``1,500 JPY``."""
    exponent = _EXPONENTS.get(currency, _EXPONENT)
    whole, minor = divmod(abs(amount_minor), 10**exponent)
    sign = "-" if amount_minor < 0 else ""
    fraction = f".{minor:0{exponent}d}" if exponent else ""
    return f"{sign}{whole:,}{fraction} {currency}"
