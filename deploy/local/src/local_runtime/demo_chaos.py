"""Three things break while orders flow: the console goes red for each, and green by itself."""

import asyncio
import signal
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer

from local_runtime.demo_system import System
from local_runtime.polling import StillWaitingError, until
from local_runtime.supervisor import Supervisor

RED_TIMEOUT_S, GREEN_TIMEOUT_S = 45.0, 90.0
OPERATOR = "demo"
TOPIC = "orders.events.v1"
READERS = ("payments", "inventory", "notifications")
VICTIM = "inventory-0"

Say = Callable[[str], None]
Step = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Trouble:
    """``rule`` is the console's that must go red, ``heal`` what lets it go green."""

    what: str
    rule: str
    begin: Step
    heal: Step


async def chaos(supervisor: Supervisor, system: System, say: Say) -> bool:
    """Break and mend each; True when the console told of all of them, and of none at the end."""
    say("\nNow things break, one after the other. Watch it at " + system.endpoints["console"])
    told = [await _suffer(system, one, say) for one in _troubles(supervisor, system)]
    say("All is well again" if all(told) else "Not all went as told")
    return all(told)


async def _suffer(system: System, trouble: Trouble, say: Say) -> bool:
    say(f"\n  {trouble.what}")
    began_s, was_told = time.monotonic(), False
    await trouble.begin()
    try:
        says = await _told(system, trouble.rule, red=True)
        was_told = True
        say(f"  red after {time.monotonic() - began_s:.1f} s: {says}")
    except StillWaitingError:
        say("  NOT told by the console")
    finally:
        healed_s = time.monotonic()
        await trouble.heal()
    try:
        await _told(system, trouble.rule, red=False)
    except StillWaitingError:
        say("  still red")
        return False
    say(f"  mended, and well again after {time.monotonic() - healed_s:.1f} s")
    return was_told


async def _told(system: System, rule: str, *, red: bool) -> str:
    """What the console says of ``rule`` once it is red, or nothing once it is not."""
    says = ""

    async def look() -> bool:
        nonlocal says
        says = next((one["says"] for one in await system.alarms() if one["rule"] == rule), "")
        return bool(says) == red

    timeout_s = RED_TIMEOUT_S if red else GREEN_TIMEOUT_S
    await until(look, timeout_s=timeout_s, what=f"{rule} told", interval_s=0.5)
    return says


def _troubles(supervisor: Supervisor, system: System) -> tuple[Trouble, ...]:
    key = f"ord_{uuid.uuid4().hex}"

    async def provider_fails() -> None:
        await system.set_provider_faults(error_percent=100)

    async def provider_answers() -> None:
        await system.set_provider_faults()

    async def poison() -> None:
        await _produce_poison(str(system.endpoints["kafka"]), key)

    async def discard() -> None:
        for service in READERS:
            await system.discard(service, key, OPERATOR, "a poison event of the demo")

    async def stop() -> None:
        supervisor.kill(VICTIM, signal.SIGSTOP)

    async def kill() -> None:
        supervisor.kill(VICTIM, signal.SIGKILL)

    return (
        Trouble(
            "The payment provider answers every call with an error",
            "provider-unknown",
            provider_fails,
            provider_answers,
        ),
        Trouble("An event comes that nobody can read; it is discarded", "parked", poison, discard),
        Trouble(f"{VICTIM} hangs, and is killed", "service-down", stop, kill),
    )


async def _produce_poison(bootstrap: str, key: str) -> None:
    """A record that says it is an order, and is none."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    headers = {
        "ce_specversion": "1.0",
        "ce_id": f"evt_{uuid.uuid4().hex}",
        "ce_type": "orders.order-placed.v1",
        "ce_source": f"/orderproof/{TOPIC}",
    }
    try:
        await producer.send_and_wait(
            TOPIC,
            b'{"order_id": 7}',
            key.encode(),
            headers=[(name, text.encode()) for name, text in headers.items()],
        )
    finally:
        await producer.stop()


async def while_it_flows(flow: Awaitable[None], work: Awaitable[bool]) -> bool:
    """The result of ``work``; orders flow meanwhile."""
    flowing = asyncio.ensure_future(flow)
    try:
        return await work
    finally:
        flowing.cancel()
        await asyncio.gather(flowing, return_exceptions=True)
