"""What a mail says, in its language and formatted; text and HTML show the very same."""

from dataclasses import dataclass
from typing import Literal

Tone = Literal["good", "wait", "calm"]


@dataclass(frozen=True, slots=True)
class Shop:
    """Who writes: ``logo_url`` is an image's HTTPS address, or none for the name alone."""

    name: str
    logo_url: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of an order's way, and whether it was reached."""

    label: str
    reached: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line of goods; ``note`` is its number and price, ``amount`` its sum or its quantity."""

    name: str
    note: str
    amount: str


@dataclass(frozen=True, slots=True)
class Goods:
    """``more`` counts the lines that are left out."""

    title: str
    lines: tuple[Line, ...]
    more: str = ""
    total: Row | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What the fact itself has to say; ``badge`` and ``tone`` are the order's state at a glance."""

    badge: str
    tone: Tone
    headline: str
    preview: str
    paragraphs: tuple[str, ...]
    panel: tuple[Row, ...] = ()
    steps: tuple[Step, ...] = ()
    goods: Goods | None = None


@dataclass(frozen=True, slots=True)
class Address:
    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Order:
    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """``language`` is that of the words (BCP 47)."""

    language: str
    greeting: str
    told: Told
    order: Order
    address: Address | None
    closing: str
