"""Charges that come to light after their orders were given up, for tests of what follows."""

from payments.calls import charging
from payments.calls.desk import Case

from tests.integration.payments import fake_provider as does
from tests.integration.payments.fake_provider import FakeProvider
from tests.integration.payments.service import Payments, placed, rejected

LATE = ["captured", "refunded"]


async def given_up(service: Payments, provider: FakeProvider) -> None:
    """An order whose charge was closed as not made, and is still on its way."""
    provider.charge_script = [does.charges_late] * 4
    await service.receive(placed())
    await service.work()
    await service.receive(rejected())
    await service.live_on(30)
    assert await service.types("ord_1") == ["voided"]


async def found_twice(service: Payments, provider: FakeProvider) -> None:
    """Sweep and loser learn of one late charge; each records it in its own transaction."""
    await given_up(service, provider)
    provider.arrive()
    charge = await service.charge("ord_1")

    async def find() -> None:
        answer = await provider.find_charge(charge.provider_key)

        def record(case: Case) -> None:
            charging.answered(case, answer)

        await service.desk.note(charge.key, record)

    await find()
    await find()
    await service.live_on(70)
