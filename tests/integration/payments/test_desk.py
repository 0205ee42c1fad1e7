"""The desk, where requests that disagree share a transaction."""

import asyncio

from payments.calls.desk import Case, Done, Later, Lost, Step

from tests.integration.payments.service import LEASE_S, Payments, placed


async def test_who_lost_a_lease_decides_nothing_beside_who_has_it(service: Payments) -> None:
    """Both speak of one work row, and only their tokens tell them apart."""
    decided: list[str] = []

    def postpones(case: Case) -> Step:
        decided.append("stale")
        return Later(case.now, "a call that is no longer ours")

    def closes(_: Case) -> Step:
        decided.append("ours")
        return Done()

    await service.receive(placed())
    (stale,) = await service.lease("payments-0")
    service.travel(LEASE_S + 1)
    (ours,) = await service.lease("payments-1")
    assert stale.id == ours.id

    first, second = await asyncio.gather(
        service.desk.record(stale, postpones, lambda _: decided.append("told that it is lost")),
        service.desk.record(ours, closes),
    )

    assert (first, second) == (Lost(), Done())
    assert decided == ["told that it is lost", "ours"]
    assert await service.open_rows() == 0
