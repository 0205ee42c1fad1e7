"""Money: integer minor units and their ISO 4217 currency, never apart."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Money:
    minor: int
    currency: str
