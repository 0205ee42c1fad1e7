"""Steps of relays, consumers and of the people who look after parked records."""

from typing import Any

from pydantic_core import from_json
from shared.contracts import topics
from shared.messaging.envelope import Record, unpack
from shared.messaging.relay import oldest_of_each_key

from tests.simulation.calls import begin_born
from tests.simulation.seams import Died
from tests.simulation.system import SERVICE_OF, SERVICES
from tests.simulation.world import World

GROUPS = tuple(SERVICE_OF)
STOPPED_STEPS = 40


def text(key: bytes | None) -> str:
    return (key or b"").decode(errors="replace")


def header(record: Record, name: str) -> str:
    return (dict(record.headers).get(name) or b"").decode()


async def relay(world: World, service: str | None = None) -> bool:
    """A relay publishes what is oldest of each key, and deletes what was acknowledged."""
    service = service or world.rng.choice(SERVICES)
    rows = await world.system.unsent(service)
    if not rows:
        return False
    oldest = oldest_of_each_key(rows[: 500 if world.calm else world.rng.choice((1, 4, 500))])
    keys = [text(row["key"]) for row in oldest]
    world.note(f"relay {service} {len(oldest)}")
    if world.roll("relay-sends-late", keys):
        world.strike("relay-sends-late", keys)
        world.unsent_late.extend(oldest)
        return True
    for row in oldest:
        send(world, row)
    if world.roll("relay-dies-after-ack", keys):
        world.strike("relay-dies-after-ack", keys)
        return True
    await world.system.sent(service, [row["id"] for row in oldest])
    return True


def send(world: World, one: Any) -> None:
    headers = unpack(one["headers"])
    record = world.broker.send(one["topic"], one["key"], one["payload"], headers)
    key = text(record.key)
    if header(record, "ce_type") == "orders.order-placed.v1" and key not in world.placed:
        reference = from_json(record.value or b"")["client_reference"]
        world.placed.append(key)
        world.references[key] = reference
        world.struck[key] |= world.struck[reference]
        world.drilled |= {key} if reference in world.drilled else set()


def send_late(world: World) -> bool:
    """A stalled relay goes on: what it sends now was sent by another before, or is the oldest."""
    if not world.unsent_late:
        return False
    rows, world.unsent_late = world.unsent_late, []
    world.note(f"late relay sends {len(rows)}")
    for row in rows:
        send(world, row)
    return True


async def deliver(world: World, group: str | None = None) -> bool:
    """A group takes some records of some of its partitions and applies them."""
    group = group or world.rng.choice(GROUPS)
    if not world.calm and world.stopped.get(group, 0) > len(world.history):
        return False
    records = _poll(world, group)
    if not records:
        return False
    keys = sorted({text(one.key) for one in records})
    if world.roll("group-stops", keys):
        world.strike("group-stops", keys)
        world.stopped[group] = len(world.history) + STOPPED_STEPS
        return True
    _plant(world, group, records)
    died = await _apply(world, group, records, _death(world, keys))
    if not died:
        world.broker.commit(group, records)
    world.old.append((group, records))
    return True


def _poll(world: World, group: str) -> list[Record]:
    read = world.system.pipeline(group).group.topics
    unread = world.broker.unread(group, read)
    if not unread:
        return []
    sources = [one for one in unread if not world.waits(one.topic)]
    wanted, records_max = (
        (9, 200) if world.calm else (world.rng.choice((1, 2, 3)), world.rng.choice((1, 2, 5, 20)))
    )
    chosen = world.rng.sample(sources, min(len(sources), wanted))
    return [one for source in chosen for one in world.broker.read(group, source, records_max)]


def _death(world: World, keys: list[str]) -> str | None:
    if world.roll("crash-before-commit", keys):
        world.strike("crash-before-commit", keys)
        return world.rng.choice(("before_commit", "consumer.in_transaction"))
    if world.roll("crash-after-commit", keys):
        world.strike("crash-after-commit", keys)
        return "consumer.after_commit"
    return None


def _plant(world: World, group: str, records: list[Record]) -> None:
    """A bug that hits one event of this batch until people mend it."""
    if not world.roll("handler-fails", {text(one.key) for one in records}):
        return
    record = world.rng.choice(records)
    kind = world.system.pipeline(group).group.types.get(header(record, "ce_type"))
    if kind is not None and record.key is not None:
        world.system.broken.add((group, text(record.key), kind))
        world.may_park.add((group, record.key))
        world.strike("handler-fails", [text(record.key)])


async def _apply(world: World, group: str, records: list[Record], death: str | None) -> bool:
    """True when the process died on the way; then its offsets do not move."""
    world.note(f"{group} takes {len(records)}")
    world.deliveries += len(records)
    world.deaths.at = death
    try:
        await world.system.pipeline(group).process(records)
    except Died:
        _lose_hand(world, SERVICE_OF[group])
        return True
    finally:
        world.deaths.at = None
        world.count_rows()
        await _note_waiting(world, group)
    await begin_born(world)
    return False


def _lose_hand(world: World, service: str) -> None:
    """What was leased to the process that died is taken over when the leases have ended."""
    if service in world.hands and (lost := world.hands[service].empty()):
        world.note(f"{service} loses {len(lost)} in hand")


async def _note_waiting(world: World, group: str) -> None:
    """Whose events wait behind a parked record and did not before."""
    waiting = {(group, key) for key in await world.system.waiting(group)}
    if fresh := sorted(waiting - world.waiting):
        world.strike("waits-behind-parked", [text(key) for _, key in fresh])
    world.waiting = {one for one in world.waiting if one[0] != group} | waiting


async def apply_again(world: World, *keys: str) -> bool:
    """An instance that lost its partitions goes on with what it had read, of ``keys`` if any."""
    old = [
        one for one in world.old if not keys or any(text(record.key) in keys for record in one[1])
    ]
    if not old:
        return False
    group, records = old[world.rng.randrange(len(old))]
    world.strike("late-instance", {text(one.key) for one in records})
    await _apply(world, group, records, None)
    return True


def stray(world: World, order_id: str = "") -> bool:
    """Somebody writes nonsense under an order's key into a topic that is not theirs."""
    if not world.placed:
        return False
    order_id = order_id or world.rng.choice(world.placed)
    topic, kind = world.rng.choice(
        (
            (topics.ORDERS, "orders.order-confirmed.v1"),
            (topics.PAYMENTS, "payments.payment-captured.v1"),
        )
    )
    world.strays += 1
    texts = {"ce_specversion": "1.0", "ce_id": f"stray-{world.strays}", "ce_type": kind}
    headers = [(n, one.encode()) for n, one in {**texts, "ce_source": "/stray"}.items()]
    world.broker.send(topic, order_id.encode(), b"{", headers)
    world.garbage.add((topic, order_id.encode()))
    world.may_park |= {(group, order_id.encode()) for group in GROUPS}
    world.strike("garbage-record", [order_id])
    return True


async def look_after(world: World, service: str | None = None) -> bool:
    """People mend what is broken under a parked key and run its records again, or drop one."""
    service = service or world.rng.choice(SERVICES)
    parked = await world.system.parked(service)
    if not parked:
        return False
    group, topic, key = place = world.rng.choice(sorted(parked))
    if (group, key) not in world.may_park:
        world.wrong(f"{group} parked {text(key)}, and nothing was broken there")
    if world.calm or world.rng.random() < 0.7:
        mended = {one for one in world.system.broken if one[:2] == (group, text(key))}
        world.system.broken.difference_update(mended)
    done = await world.system.redrive(place, False)
    still = any(one[:2] == (group, text(key)) for one in world.system.broken)
    if not done and not still and (topic, key) in world.garbage:
        done = await world.system.redrive(place, True)
    elif not done and not still:
        world.wrong(f"{group} cannot take what it parked of {text(key)}")
    world.note(f"{group} parked {text(key)[-6:]} {'gone' if done else 'stays'}")
    world.count_rows()
    return done
