"""Which runtime is taken, and why."""

from pathlib import Path

import pytest
from local_runtime.paths import RunDir
from local_runtime.ports import PortBook
from local_runtime.runtimes.base import Backing
from local_runtime.runtimes.choice import RuntimeName, build, choose
from local_runtime.runtimes.external import MissingAddressError

_KAFKA = {"ORDERPROOF_KAFKA_BOOTSTRAP": "10.0.0.1:9092"}
_POSTGRES = {"ORDERPROOF_POSTGRES_URL": "postgresql://admin@10.0.0.2/postgres"}


def test_nothing_in_the_environment_means_embedded() -> None:
    assert str(choose(None, {})) == "Runtime: embedded (the default)"


def test_addresses_in_the_environment_mean_external() -> None:
    shown = str(choose(None, {**_KAFKA, **_POSTGRES}))

    assert shown == (
        "Runtime: external (ORDERPROOF_KAFKA_BOOTSTRAP and ORDERPROOF_POSTGRES_URL set)"
    )


def test_an_empty_address_counts_as_none() -> None:
    assert choose(None, {"ORDERPROOF_KAFKA_BOOTSTRAP": ""}).name is RuntimeName.EMBEDDED


def test_the_name_that_is_asked_for_wins() -> None:
    assert str(choose(RuntimeName.EMBEDDED, _KAFKA)) == "Runtime: embedded (asked for)"


async def test_external_hands_out_the_given_addresses(tmp_path: Path) -> None:
    runtime = build(RuntimeName.EXTERNAL, RunDir(tmp_path), PortBook(), {**_KAFKA, **_POSTGRES})

    assert await runtime.start() == Backing("10.0.0.1:9092", "postgresql://admin@10.0.0.2/postgres")
    assert list(runtime.nodes) == []


def test_external_names_the_address_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingAddressError, match="ORDERPROOF_POSTGRES_URL"):
        build(RuntimeName.EXTERNAL, RunDir(tmp_path), PortBook(), _KAFKA)
