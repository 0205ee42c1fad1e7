"""Submissions that were set aside: each becomes its order once, however often a redrive fails."""

from dataclasses import dataclass, field, replace

from orders.work import OrdersWork
from shared.contracts.storefront import OrderSubmitted
from shared.errors import Permanent
from shared.messaging.batch import Batch
from shared.messaging.envelope import Record
from shared.messaging.group import ConsumerGroup
from shared.messaging.pipeline import Pipeline
from shared.messaging.redrive import Redriven, redrive

from tests.integration.intake.service import SUBMITTED, Orders, a_record
from tests.support.builders import an_order

KEY = "shop-1"


class Broken(Permanent):
    """The handler cannot deal with this submission yet."""


@dataclass
class Intake:
    """The storefronts' intake with a bug that hits the submissions of some references."""

    service: Orders
    broken: set[str] = field(default_factory=set)

    @property
    def group(self) -> ConsumerGroup:
        ours = self.service.intake
        return replace(ours, handlers={**ours.handlers, OrderSubmitted: self.place})

    async def place(self, submitted: Batch[OrderSubmitted], work: OrdersWork) -> None:
        if any(one.key in self.broken for one in submitted):
            raise Broken
        await self.service.intake.handlers[OrderSubmitted](submitted, work)

    async def take_in(self, *records: Record) -> None:
        await Pipeline("orders", self.group, self.service.transactions).process(records)

    async def redrive(self, *, dry_run: bool = False) -> Redriven:
        """The list of the first parked key, as people run it again."""
        first = await self.service.pool.fetchrow("SELECT * FROM parked_events ORDER BY id LIMIT 1")
        assert first is not None
        groups = {self.group.name: self.group}
        return await redrive(self.service.transactions, groups, first, "people", dry_run=dry_run)


def submitted(reference: str) -> Record:
    return a_record(SUBMITTED, an_order(reference=reference), KEY)


async def test_a_submission_whose_redrive_failed_is_placed_by_the_next(service: Orders) -> None:
    intake = Intake(service, broken={"web-1"})
    await intake.take_in(submitted("web-1"))

    failed = [await intake.redrive(), await intake.redrive(dry_run=True), await intake.redrive()]
    intake.broken.clear()
    mended = await intake.redrive()

    assert {(one.done, one.left, one.failed) for one in failed} == {(0, 1, "Broken")}
    assert (mended.done, mended.left, mended.failed) == (1, 0, None)
    order_id = await service.order_under("web-1")
    assert [one.name for one in await service.told(order_id)] == ["order-placed"]


async def test_submissions_before_one_that_fails_are_placed_and_those_behind_it_wait(
    service: Orders,
) -> None:
    intake = Intake(service, broken={"web-1", "web-3"})
    await intake.take_in(*(submitted(f"web-{n}") for n in (1, 2, 3, 4)))
    intake.broken.remove("web-1")

    first = await intake.redrive()
    intake.broken.clear()
    second = await intake.redrive()

    assert (first.done, first.left, first.failed) == (2, 2, "Broken")
    assert (second.done, second.left, second.failed) == (2, 0, None)
    placed = [await service.order_under(f"web-{n}") for n in (1, 2, 3, 4)]
    assert [(one.key, one.name) for one in await service.all_told()] == [
        (order_id, "order-placed") for order_id in placed
    ]


async def test_each_failed_redrive_is_counted_on_the_record_that_failed(service: Orders) -> None:
    intake = Intake(service, broken={"web-1"})
    await intake.take_in(submitted("web-1"), submitted("web-2"))

    await intake.redrive()
    await intake.redrive()

    rows = await service.pool.fetch("SELECT attempts, reason FROM parked_events ORDER BY id")
    assert [tuple(one) for one in rows] == [(3, "Broken"), (1, "waits-behind-another")]
