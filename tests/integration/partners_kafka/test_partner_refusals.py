"""Partners on a real broker, over TLS and by SCRAM: what their ACLs allow, and nothing else."""

import asyncio
import ssl
import struct
from collections.abc import Callable
from typing import NamedTuple

import pytest
from confluent_kafka import KafkaError
from local_runtime.partner_kafka import rights_in
from shared.contracts import topics

from tests.support import kafka_callers as kafka
from tests.support.kafka_callers import Caller, code_of
from tests.support.partner_cluster import World, fetch, login

FULFILMENT, ORDERS, SUBMISSIONS = topics.FULFILMENT, topics.ORDERS, topics.STOREFRONT_ORDERS
TOPIC, GROUP, CLUSTER, TRANSACTION = (
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
)
LET_IN, OTHER_MECHANISM, WRONG_LOGIN = 0, 33, 58
OF_ACME, OF_GLOBEX = "partner.acme.look", "partner.globex.look"
RUN_TIMEOUT_S = 30
API_VERSIONS = struct.pack(">ihhih", 10, 18, 0, 1, -1)
METADATA = struct.pack(">ihhihi", 14, 3, 0, 1, -1, 0)


class Case(NamedTuple):
    """A call that acme is refused with ``code``, and its twin that somebody may."""

    call: Callable[[Caller, str], None]
    refused: str
    code: int
    who_may: str
    allowed: str


CASES = {
    "follows another topic": Case(kafka.follow, ORDERS, TOPIC, "acme", FULFILMENT),
    "follows dead letters": Case(
        kafka.follow, "inventory.dead-letters.v1", TOPIC, "operator", "inventory.dead-letters.v1"
    ),
    "describes another topic": Case(kafka.describe_topic, ORDERS, TOPIC, "acme", FULFILMENT),
    "joins another's group": Case(kafka.join, OF_GLOBEX, GROUP, "globex", OF_GLOBEX),
    "joins a group without a prefix": Case(kafka.join, "warehouse", GROUP, "acme", OF_ACME),
    "joins a longer name's group": Case(
        kafka.join, "partner.acme-eu.look", GROUP, "operator", "partner.acme-eu.look"
    ),
    "describes another's group": Case(kafka.describe_group, OF_GLOBEX, GROUP, "acme", OF_ACME),
    "reads another's position": Case(kafka.read_positions, OF_GLOBEX, GROUP, "acme", OF_ACME),
    "moves another's position": Case(kafka.move_positions, OF_GLOBEX, GROUP, "acme", OF_ACME),
    "writes to its topic": Case(kafka.write, FULFILMENT, TOPIC, "operator", SUBMISSIONS),
    "writes to another topic": Case(kafka.write, SUBMISSIONS, TOPIC, "operator", SUBMISSIONS),
    "creates a topic": Case(kafka.create_topic, "its-own", TOPIC, "operator", "its-own"),
    "sees its topic's settings": Case(
        kafka.describe_settings, FULFILMENT, TOPIC, "operator", FULFILMENT
    ),
    "changes its topic's settings": Case(
        kafka.alter_settings, FULFILMENT, TOPIC, "operator", FULFILMENT
    ),
    "sees the broker's settings": Case(kafka.describe_broker, "1", CLUSTER, "operator", "1"),
    "uses a transactional id": Case(
        kafka.begin_transactions, "partner.acme.tx", TRANSACTION, "operator", "partner.acme.tx"
    ),
    "gives itself a right": Case(
        kafka.give_right, "partner.acme", CLUSTER, "operator", "partner.nobody"
    ),
    "sets a password": Case(
        kafka.set_password, "partner.globex", CLUSTER, "operator", "partner.nobody-else"
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_partner_is_refused_what_is_not_its_own(world: World, case: Case) -> None:
    assert code_of(lambda: case.call(world.caller("acme"), case.refused)) == case.code
    assert code_of(lambda: case.call(world.caller(case.who_may), case.allowed)) == 0


async def test_a_fetch_of_another_topic_is_refused_without_a_group_too(world: World) -> None:
    assert await fetch(world, ORDERS) == TOPIC
    assert await fetch(world, FULFILMENT) == 0


def test_a_partner_is_listed_nothing_but_its_own(world: World) -> None:
    acme, globex, operator = [world.caller(one) for one in ("acme", "globex", "operator")]
    kafka.join(acme, OF_ACME)
    kafka.join(globex, OF_GLOBEX)

    assert kafka.topics_listed(acme) == {FULFILMENT}
    assert kafka.topics_listed(operator) >= {FULFILMENT, ORDERS, SUBMISSIONS}
    assert OF_ACME in kafka.groups_listed(acme)
    assert {
        one for one in kafka.groups_listed(acme) if not one.startswith("partner.acme.")
    } == set()
    assert kafka.groups_listed(operator) >= {OF_ACME, OF_GLOBEX}
    assert kafka.users_with_rights(acme) == set()
    assert kafka.users_with_rights(operator) >= {"User:partner.acme", "User:partner.globex"}


def test_what_a_partner_may_is_this_and_no_more(world: World) -> None:
    rights = {
        (one.restype.name, one.name, one.resource_pattern_type.name, one.operation.name)
        for one in rights_in(world.cluster.admin, "acme")
    }

    assert rights == {
        ("TOPIC", FULFILMENT, "LITERAL", "READ"),
        ("TOPIC", FULFILMENT, "LITERAL", "DESCRIBE"),
        ("GROUP", "partner.acme.", "PREFIXED", "READ"),
        ("GROUP", "partner.acme.", "PREFIXED", "DESCRIBE"),
    }


@pytest.mark.parametrize(
    ("username", "password", "mechanism", "code"),
    [
        ("partner.acme", "", "SCRAM-SHA-512", LET_IN),
        ("partner.acme", "wrong", "SCRAM-SHA-512", WRONG_LOGIN),
        ("partner.globex", "", "SCRAM-SHA-512", WRONG_LOGIN),
        ("partner.nobody", "", "SCRAM-SHA-512", WRONG_LOGIN),
        ("acme", "", "SCRAM-SHA-512", WRONG_LOGIN),
        ("partner.acme", "", "SCRAM-SHA-256", OTHER_MECHANISM),
        ("partner.acme", "", "PLAIN", OTHER_MECHANISM),
    ],
)
async def test_only_the_user_with_its_own_password_is_let_in(
    world: World, username: str, password: str, mechanism: str, code: int
) -> None:
    """Without another, the password is that of acme."""
    told = password or world.acme.password

    assert await login(world.cluster, username, told, mechanism) == code


async def test_plaintext_is_not_understood_at_the_door(world: World) -> None:
    assert await _ask(world.cluster.admin, API_VERSIONS, None) == 0
    assert await _ask(world.cluster.door, API_VERSIONS, None) is None


async def test_tls_alone_is_no_login(world: World) -> None:
    """Which versions there are is told to everybody, and nothing else."""
    trusting = ssl.create_default_context(cafile=str(world.cluster.ca_file))

    assert await _ask(world.cluster.door, API_VERSIONS, trusting) == 0
    assert await _ask(world.cluster.door, METADATA, trusting) is None
    assert await _ask(world.cluster.admin, METADATA, None) is not None


async def test_who_does_not_know_the_authority_does_not_trust_the_broker(world: World) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        await _ask(world.cluster.door, API_VERSIONS, ssl.create_default_context())


async def _ask(server: str, request: bytes, tls: ssl.SSLContext | None) -> int | None:
    """The first number of the answer, which is an error's code in ``API_VERSIONS``; or none."""
    host, port = server.split(":")
    reader, writer = await asyncio.open_connection(host, int(port), ssl=tls)
    try:
        writer.write(request)
        async with asyncio.timeout(RUN_TIMEOUT_S):
            head = await reader.readexactly(10)
    except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
        return None
    finally:
        writer.close()
    size, correlation, code = struct.unpack(">iih", head)
    return code if size < 100_000 and correlation == 1 else None
