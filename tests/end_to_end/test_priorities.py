"""Who is waited for by no order goes behind those that are, once it runs."""

import os

from local_runtime.config import SERVICES
from shared.giving_way import NICE

from tests.support.shop import Shop


async def test_notifications_go_behind_and_nobody_else(shop: Shop) -> None:
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    pids = shop.system.endpoints["pids"]

    nice = {name: os.getpriority(os.PRIO_PROCESS, pids[name][0]) for name in SERVICES}

    behind = min(19, ours + NICE)
    assert nice == {name: behind if name == "notifications" else ours for name in SERVICES}
