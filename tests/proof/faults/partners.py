"""Partners at their worst: they hang, drip, flood, answer garbage, send elsewhere, have gone."""

import asyncio
import random

from tests.proof.arena import Arena
from tests.proof.fault import Fault, Witness
from tests.proof.partners import NAME
from tests.support.waiting import eventually

WAYS = ("hang", "drip", "large", "garbage", "redirect", "busy", "fail", "gone")
MET_WITHIN_S, TOLD_MIN = 40.0, 20


async def misbehave(arena: Arena, _: random.Random) -> Witness:
    """Eight endpoints beside the healthy one; each is called, and only one of them is disabled."""
    partner = arena.partner
    bad = {how: await partner.register(how, f"{how}-partner") for how in WAYS}
    before = len(partner.servers.by_name[NAME])
    called = {how: len(partner.servers.by_name[f"{how}-partner"]) for how in WAYS}
    arena.load.surge(TOLD_MIN)

    async def all_met() -> bool:
        met = all(len(partner.servers.by_name[f"{one}-partner"]) > called[one] for one in WAYS)
        return met and len(partner.servers.by_name[NAME]) >= before + TOLD_MIN

    try:
        await eventually(all_met, "every bad partner called, the healthy one told", MET_WITHIN_S)

        async def gone() -> bool:
            return not (await partner.standing(bad["gone"]["endpoint_id"]))["enabled"]

        await eventually(gone, "the endpoint that has gone disabled", MET_WITHIN_S)
        standings = await asyncio.gather(
            *(partner.standing(one["endpoint_id"]) for how, one in bad.items() if how != "gone")
        )
        assert all(one["enabled"] for one in standings)
    finally:
        for one in bad.values():
            await partner.leave(one["endpoint_id"])
    told = len(partner.servers.by_name[NAME]) - before
    return Witness(
        f"{len(WAYS)} bad endpoints called; meanwhile {told} webhooks came to a good one"
    )


FAULTS = [Fault("F33", "partners hang, drip, flood, send elsewhere, are gone", misbehave)]
