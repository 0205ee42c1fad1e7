"""Every event that is handled is declared once, by its owner, on a topic that exists."""

import tomllib
from collections import Counter
from importlib import import_module

import pytest
from shared.contracts import topics
from shared.contracts.catalogue import EVENTS
from shared.contracts.event import Event, split_type

from tests.architecture.source import ROOT, SERVICES
from tests.support.wiring import handled, service_of

TOPICS_FILE = ROOT / "deploy" / "kafka" / "topics.toml"
SAMPLES = ROOT / "tests" / "contract" / "samples"
OWNED = {
    "storefront": topics.STOREFRONT_ORDERS,
    "orders": topics.ORDERS,
    "payments": topics.PAYMENTS,
    "inventory": topics.INVENTORY,
    "fulfilment": topics.FULFILMENT,
}
BUILT = [one for one in SERVICES if service_of(one)]
HANDLED = [(service, event) for service in SERVICES for event in handled(service)]


def declared_topics() -> list[str]:
    constants = [one for name, one in vars(topics).items() if name.isupper()]
    names = [one for one in constants if isinstance(one, str)]
    return names + [topics.dead_letters(service) for service in SERVICES if handled(service)]


@pytest.mark.parametrize(
    ("service", "event"), HANDLED, ids=[f"{s}-{event.__name__}" for s, event in HANDLED]
)
def test_a_handled_event_has_a_contract_and_a_sample(service: str, event: type[Event]) -> None:
    """What is handled without a contract changes without a warning."""
    assert EVENTS[event.type] is event
    assert list(SAMPLES.glob(f"{event.type}*.json"))


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_an_event_is_told_on_its_owners_topic(event: type[Event]) -> None:
    """One owner a topic: only one program orders what is on it."""
    assert event.topic == OWNED[event.type.split(".")[0]]
    assert split_type(event.type).version.isdigit()


def test_event_names_are_facts_and_used_once() -> None:
    """Two classes of one name make every import a guess."""
    names = Counter(event.__name__ for event in EVENTS.values())

    assert [name for name, count in names.items() if count > 1] == []
    assert [name for name in names if name.endswith(("Event", "Message", "Command"))] == []


@pytest.mark.parametrize("service", BUILT)
def test_a_group_reads_the_topics_of_the_events_it_handles_and_no_others(service: str) -> None:
    """A topic that is not read wakes nobody; one that is read for nothing costs."""
    built = service_of(service)
    assert built is not None

    for group in built.groups if built.has_inbox else ():
        assert {event.topic for event in group.handlers} == set(group.topics), group.name


@pytest.mark.parametrize("service", BUILT)
def test_a_service_publishes_only_its_own_facts(service: str) -> None:
    """One owner an event: nobody else can say that it happened."""
    built = service_of(service)
    assert built is not None
    owner = import_module(f"shared.contracts.{service}") if built.publishes else None

    assert set(built.publishes) <= set(owner.EVENTS if owner else ())


@pytest.mark.parametrize("service", BUILT)
def test_a_service_does_not_wait_for_its_own_facts(service: str) -> None:
    """What a service knows already it must not learn from Kafka again."""
    own = [event.type for event in handled(service) if event.type.startswith(f"{service}.")]

    assert own == []


@pytest.mark.parametrize("topic", declared_topics())
def test_a_topic_in_code_is_in_the_topics_file(topic: str) -> None:
    """Brokers create no topic by themselves; one that is missing stops its readers."""
    listed = [one["name"] for one in tomllib.loads(TOPICS_FILE.read_text())["topic"]]

    assert topic in listed
