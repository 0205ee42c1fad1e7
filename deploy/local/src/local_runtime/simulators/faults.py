"""What can be made to go wrong at run time, how often, and repeatably by a seed."""

import random
import secrets
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from local_runtime.simulators.behaviours import Delivery

Percent = Annotated[float, Field(ge=0, le=100)]
Seconds = Annotated[float, Field(ge=0, le=600)]


class SeededFaults(BaseModel):
    """Faults whose every choice follows from the seed, the subject and its attempt number.

    The order in which concurrent calls arrive does not matter, so a run can be repeated.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    seed: int = Field(default_factory=lambda: secrets.randbits(32))

    def roll_percent(self, subject: str, attempt: int) -> float:
        """A number from 0 up to, not including, 100."""
        return random.Random(f"{self.seed}:{subject}:{attempt}").random() * 100  # noqa: S311


class ProviderFaults(SeededFaults):
    """The payment provider's faults; the two delays serve the tokens as well."""

    error_percent: Percent = 0
    timeout_done_percent: Percent = 0
    timeout_not_done_percent: Percent = 0
    late_percent: Percent = 0
    late_s: Seconds = 8.0
    slow_percent: Percent = 0
    slow_s: Seconds = 2.0
    refund_error_percent: Percent = 0
    lost_get_percent: Percent = 0
    webhook_duplicate_percent: Percent = 0
    webhook_delay_s: Seconds = 0

    @model_validator(mode="after")
    def _shares_fit(self) -> Self:
        if sum(percent for percent, _ in self._shares()) > 100:
            raise ValueError("the percentages of one call add up to more than 100")
        return self

    def delivery(self, key: str, attempt: int) -> Delivery:
        """The fault this call meets, or a plain answer."""
        rolled_percent = self.roll_percent(key, attempt)
        for percent, delivery in self._shares():
            if rolled_percent < percent:
                return delivery
            rolled_percent -= percent
        return Delivery.ANSWER

    def refund_fails(self, key: str, attempt: int) -> bool:
        return self.roll_percent(f"refund:{key}", attempt) < self.refund_error_percent

    def loses_get(self, subject: str, attempt: int) -> bool:
        return self.roll_percent(f"get:{subject}", attempt) < self.lost_get_percent

    def duplicates_webhook(self, webhook_id: str) -> bool:
        return self.roll_percent(f"webhook:{webhook_id}", 1) < self.webhook_duplicate_percent

    def webhook_wait_s(self, webhook_id: str, copy: int) -> float:
        """Uneven waits are what puts webhooks out of order."""
        return self.webhook_delay_s * self.roll_percent(f"wait:{webhook_id}", copy) / 100

    def _shares(self) -> tuple[tuple[float, Delivery], ...]:
        return (
            (self.error_percent, Delivery.ERROR),
            (self.timeout_done_percent, Delivery.HANG_DONE),
            (self.timeout_not_done_percent, Delivery.HANG_NOT_DONE),
            (self.late_percent, Delivery.DROP_THEN_DO),
            (self.slow_percent, Delivery.SLOW),
        )


class MailFaults(SeededFaults):
    """The mail gateway's faults."""

    reject_percent: Percent = 0
    drop_after_data_percent: Percent = 0
    delay_s: Seconds = 0

    def rejects(self, arrival: int) -> bool:
        return self.roll_percent("reject", arrival) < self.reject_percent

    def drops_after_data(self, arrival: int) -> bool:
        return self.roll_percent("drop", arrival) < self.drop_after_data_percent
