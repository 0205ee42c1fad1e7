"""Processes that die, stop or are stopped: services at named points, their servers."""

import asyncio
import random
from functools import partial

from tests.proof.arena import Arena
from tests.proof.fault import Fault, Witness
from tests.support.deaths import Death

# K-point of the catalogue, name of the point in the code, services where it applies.
POINTS = (
    ("K3", "api.after_commit", ("orders",)),
    ("K4", "relay.before_send", ("orders", "payments", "inventory")),
    ("K5", "relay.after_ack", ("orders", "payments", "inventory")),
    ("K6", "consumer.in_transaction", ("orders", "payments", "inventory", "notifications")),
    ("K6", "before_commit", ("orders", "payments", "inventory", "notifications")),
    ("K7", "consumer.after_commit", ("orders", "payments", "inventory", "notifications")),
    ("K8", "worker.before_call", ("payments", "notifications")),
    ("K9", "worker.after_call", ("payments", "notifications")),
)


async def die_at(arena: Arena, luck: random.Random, point: str, service: str) -> Witness:
    """SIGKILL at a named point; the supervisor starts it again."""
    instance = f"{service}-{luck.randrange(arena.instances)}"
    death = Death.ordered(arena.shop, instance, point)
    await death.happened()
    await death.overcome()
    return Witness(f"{instance} died of SIGKILL at {point}, pid {death.pid}")


async def kill_postgres(arena: Arena, _: random.Random) -> Witness:
    """SIGKILL of the whole server; it is started again after a second."""
    postgres = arena.servers.postgres
    pid = postgres.pid
    await arena.system.take_down("postgres")
    assert postgres.pid is None, "PostgreSQL is gone"
    await asyncio.sleep(1)
    await arena.system.bring_back("postgres")
    return Witness(f"PostgreSQL {pid} died of SIGKILL, {postgres.pid} recovered")


FAULTS = [
    *(
        Fault(
            f"F1.{k}.{point.replace('.', '-').replace('_', '-')}.{service}",
            f"SIGKILL of {service} at {point}",
            partial(die_at, point=point, service=service),
        )
        for k, point, services in POINTS
        for service in services
    ),
    Fault("F12", "PostgreSQL killed under load", kill_postgres),
]
