"""A service that would forget an event while Kafka can bring it again does not start."""

from datetime import timedelta

import pytest
from shared.retention import common, refuse_short_memory
from shared.service import Service
from shared.settings import EX_CONFIG

from tests.support.wiring import EXAMPLE_SETTINGS, module_of, settings_of

# Two weeks of Kafka, or the partners' ninety days, and a week that a segment is open.
NEEDED_DAYS = {"orders": 97, "payments": 21, "inventory": 21, "notifications": 97}


def a_service(name: str, **settings: int) -> Service:
    listed, module = settings_of(name), module_of(name, "app")
    assert listed is not None
    assert module is not None
    built: Service = module.build(listed(**{**EXAMPLE_SETTINGS, **settings}))
    return built


@pytest.mark.parametrize("name", NEEDED_DAYS)
def test_by_default_an_event_is_known_for_longer_than_kafka_keeps_it(name: str) -> None:
    refuse_short_memory(a_service(name))
    refuse_short_memory(a_service(name, inbox_retention_days=NEEDED_DAYS[name]))


@pytest.mark.parametrize("name", NEEDED_DAYS)
def test_a_shorter_memory_is_refused_by_its_setting(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        refuse_short_memory(a_service(name, inbox_retention_days=NEEDED_DAYS[name] - 1))

    assert exit_.value.code == EX_CONFIG
    named = f"{name.upper()}_INBOX_RETENTION_DAYS: at least {NEEDED_DAYS[name]}"
    assert capsys.readouterr().err.startswith(named)


@pytest.mark.parametrize("name", NEEDED_DAYS)
def test_what_grows_with_every_event_and_request_goes_again(name: str) -> None:
    rules = {one.table: one for one in common(a_service(name).settings)}

    assert rules.keys() == {"inbox", "idempotency_keys", "work_rows"}
    assert all(timedelta() < one.keep < timedelta(days=366) for one in rules.values())
    assert rules["work_rows"].condition == "t.done", "what is still to be done stays"


def test_a_service_that_keeps_no_ids_forgets_none() -> None:
    """The console knows a record by its place in Kafka."""
    refuse_short_memory(a_service("console", inbox_retention_days=1))
