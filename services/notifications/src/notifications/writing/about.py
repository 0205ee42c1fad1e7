"""What every mail of an order is written from: the fact, the order, and the language."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

from shared.contracts.orders import ParcelLine, ShippedParcel

from notifications.domain.customer import Customer
from notifications.domain.details import KeptLine, OrderDetails
from notifications.domain.fact import Fact
from notifications.domain.plain import one_line
from notifications.writing import formats
from notifications.writing.content import Goods, Line, Row, Step
from notifications.writing.languages import Language

LINES_SHOWN_MAX = 30
NAME_CHARACTERS_MAX = 100
DESCRIPTION_CHARACTERS_MAX = 150
STEPS_KEPT_MAX = 256


@dataclass(frozen=True)
class About:
    """The helpers give what the mails of all kinds have in common."""

    fact: Fact
    customer: Customer
    language: Language

    @cached_property
    def order(self) -> OrderDetails:
        return OrderDetails.model_validate_json(self.customer.details)

    @property
    def reference(self) -> str:
        return one_line(self.customer.client_reference)

    @property
    def amount(self) -> str:
        """The fact's own amount."""
        return self._money(self.fact.amount_minor, self.fact.currency)

    @property
    def total(self) -> str:
        return self._money(self.order.total_minor, self.order.currency)

    def steps(self, reached: int) -> tuple[Step, ...]:
        """An order's way, of which the first ``reached`` stages are behind it."""
        return _steps(self.language, reached)

    def tracking(self, parcel: ShippedParcel) -> tuple[Row, ...]:
        """Who brings the parcel, and the number to follow it by."""
        say = self.language.say
        return (
            Row(say("Carrier"), one_line(parcel.carrier, NAME_CHARACTERS_MAX)),
            Row(say("Tracking number"), one_line(parcel.tracking_number, NAME_CHARACTERS_MAX)),
        )

    def refunds(self) -> tuple[Row, ...]:
        """This refund, and the sum of all when there were others before."""
        now = Row(self.language.say("Refund"), self.amount)
        total_minor = self.fact.refunded_total_minor
        if total_minor == self.fact.amount_minor:
            return (now,)
        total = self._money(total_minor, self.fact.currency)
        return (now, Row(self.language.say("Refunded in total"), total))

    def ordered(self, *, with_total: bool) -> Goods | None:
        """All lines with their prices; none when the order was placed before mails had any."""
        if not self.order.lines:
            return None
        shown = self.order.lines[:LINES_SHOWN_MAX]
        total = Row(self.language.say("Total"), self.total) if with_total else None
        return Goods(
            title=self.language.say("What you ordered"),
            lines=tuple(self._priced(line) for line in shown),
            more=self._more(self.order.lines_count - len(shown)),
            total=total,
        )

    def packed(self, parcel: ShippedParcel) -> Goods | None:
        """What is in a parcel, without prices; none when the event does not say."""
        if not parcel.lines:
            return None
        shown = parcel.lines[:LINES_SHOWN_MAX]
        return Goods(
            title=self.language.say("In this parcel"),
            lines=tuple(self._packed(line) for line in shown),
            more=self._more(len(parcel.lines) - len(shown)),
        )

    def _priced(self, line: KeptLine) -> Line:
        amount = self._money(line.amount_minor, self.order.currency)
        price = self._money(line.unit_price_minor, self.order.currency)
        quantity = formats.number(self.language.locale, line.quantity)
        return Line(_name(line), f"{quantity} × {price}", amount)

    def _packed(self, line: ParcelLine) -> Line:
        known = next((one for one in self.order.lines if one.sku == line.sku), None)
        name = _name(known) if known else one_line(line.sku)
        note = "" if name == line.sku else one_line(line.sku)
        return Line(name, note, f"× {formats.number(self.language.locale, line.quantity)}")

    def _more(self, lines: int) -> str:
        if lines <= 0:
            return ""
        return self.language.count("and {number} more line", "and {number} more lines", lines)

    def _money(self, amount_minor: int, currency: str) -> str:
        return formats.money(self.language.locale, amount_minor, currency)


def _name(line: KeptLine) -> str:
    described = one_line(line.description or "", DESCRIPTION_CHARACTERS_MAX)
    return described or one_line(line.sku)


@lru_cache(STEPS_KEPT_MAX)
def _steps(language: Language, reached: int) -> tuple[Step, ...]:
    say = language.say
    labels = (say("Received"), say("Confirmed"), say("On its way"), say("Delivered"))
    return tuple(Step(label, number < reached) for number, label in enumerate(labels))
