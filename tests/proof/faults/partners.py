"""Partners at their worst: they hang, drip, flood, answer garbage, send elsewhere, have gone."""

import asyncio
import random

from tests.proof.arena import Arena
from tests.proof.fault import Fault, Witness
from tests.proof.partners import NAME
from tests.support.receivers import Received, Receivers
from tests.support.waiting import eventually

WAYS = ("hang", "drip", "large", "garbage", "redirect", "busy", "fail", "gone")
REPEATED = ("garbage", "redirect", "fail")  # Soon; the others are given up later, or asked for it.
MET_WITHIN_S, TOLD_MIN = 40.0, 20
# Who fails is called once at a time, and what is due again is behind all that was due before: of
# one event of each order that is soon.
TYPE = "fulfilment.fulfilment-order-opened.v1"


async def misbehave(arena: Arena, _: random.Random) -> Witness:
    """Eight endpoints beside the healthy one; each is called, and only one of them is disabled."""
    partner = arena.partner
    bad = {how: await partner.register(how, f"{how}-partner", event_types=[TYPE]) for how in WAYS}
    seen = Seen(partner.servers)
    arena.load.surge(TOLD_MIN)

    async def gone() -> bool:
        return not (await partner.standing(bad["gone"]["endpoint_id"]))["enabled"]

    async def all_met() -> bool:
        met = all(seen.of(one) for one in WAYS) and all(seen.again(one) for one in REPEATED)
        return met and len(seen.since(NAME)) >= TOLD_MIN

    try:
        await eventually(gone, "the endpoint that has gone disabled", MET_WITHIN_S)
        called = len(seen.of("gone"))
        await eventually(all_met, "bad partners called again, the healthy one told", MET_WITHIN_S)
        standings = await asyncio.gather(
            *(partner.standing(one["endpoint_id"]) for how, one in bad.items() if how != "gone")
        )
        assert all(one["enabled"] for one in standings)
    finally:
        for one in bad.values():
            await partner.leave(one["endpoint_id"])
    assert len(seen.of("gone")) == called, "the endpoint that has gone was called once more"
    assert not seen.since("elsewhere"), "a redirect was followed"
    again = ", ".join(f"{one} {seen.again(one)}" for one in REPEATED)
    return Witness(
        f"{sum(len(seen.of(one)) for one in WAYS)} calls came to {len(WAYS)} bad endpoints, under "
        f"the id of an earlier one {again}; the one that is gone had {called} and then none, the "
        f"redirect's target none; meanwhile {len(seen.since(NAME))} webhooks came to a good one"
    )


class Seen:
    """What has come to the receivers since this was made."""

    def __init__(self, servers: Receivers) -> None:
        self._servers = servers
        self._before = {name: len(came) for name, came in servers.by_name.items()}

    def since(self, name: str) -> list[Received]:
        return self._servers.by_name[name][self._before.get(name, 0) :]

    def of(self, how: str) -> list[Received]:
        """At the bad endpoint that behaves so."""
        return self.since(f"{how}-partner")

    def again(self, how: str) -> int:
        """How many calls came under an id that had come there before."""
        came = self.of(how)
        return len(came) - len({one.id for one in came})


FAULTS = [Fault("F33", "partners hang, drip, flood, send elsewhere, are gone", misbehave)]
