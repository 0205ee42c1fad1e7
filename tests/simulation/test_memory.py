"""What stands where SQL does, where it was wrong once."""

from datetime import UTC, datetime

from notifications.domain.customer import Customer
from notifications.domain.fact import Fact
from shared.messaging.unit_of_work import Opening

from tests.simulation.memory import Draft, Held
from tests.simulation.memory_work import HeldMessages


async def test_what_one_redrive_tells_twice_is_mailed_once() -> None:
    """It saves after each of its events, and sees what it has saved."""
    held = Held()
    draft = Draft(held)
    opening = Opening(draft, datetime.now(UTC))  # type: ignore[arg-type]
    work = HeldMessages(opening, recipient_mails_per_hour_max=10)
    for _ in range(2):
        work.queue(Customer.unknown("ord_1"), Fact(kind="order-confirmed"))
        await work.flush()
    draft.commit()

    assert len(held.work) == 1
