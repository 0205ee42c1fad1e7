"""The simulated provider tells payments what it did, and only they two know how it signs."""

from pathlib import Path

from local_runtime.config import SERVICES, StackConfig
from local_runtime.launch import Launch
from local_runtime.paths import RunDir
from local_runtime.ports import PortBook
from local_runtime.programs import Program
from local_runtime.runtimes.base import Stopwatch


def launch(folder: Path, *services: str, **environment: str) -> Launch:
    config = StackConfig(
        run_dir=folder,
        services=services or SERVICES,
        environment=environment,
        fixed_ports=False,
        instances=2,
    )
    return Launch(config, RunDir.at(folder), PortBook(fixed=False), Stopwatch())


async def variables(program: Program) -> dict[str, str]:
    return dict((await program.command()).env or {})


async def test_the_provider_tells_the_first_instance_and_signs_with_a_secret_of_the_stack(
    tmp_path: Path,
) -> None:
    one, other = launch(tmp_path / "a"), launch(tmp_path / "b")
    told = await variables(one.simulators[0])
    port = one.addresses.services["payments"]

    assert told["PROVIDER_WEBHOOK_URL"] == f"{port}/v1/provider-events/provider"
    assert told["PROVIDER_WEBHOOK_SECRET"].startswith("whsec_")
    assert told != await variables(other.simulators[0])
    assert told["PROVIDER_BOOK"] == str(tmp_path / "a" / "provider-book.jsonl")
    assert "PROVIDER_WEBHOOK_SECRET" not in await variables(one.simulators[1])


async def test_the_caller_may_name_the_secret_and_silence_the_provider(tmp_path: Path) -> None:
    told = await variables(
        launch(tmp_path, PROVIDER_WEBHOOK_URL="", PROVIDER_WEBHOOK_SECRET="whsec_x").simulators[0]
    )

    assert (told["PROVIDER_WEBHOOK_URL"], told["PROVIDER_WEBHOOK_SECRET"]) == ("", "whsec_x")


async def test_without_payments_nobody_is_told(tmp_path: Path) -> None:
    assert (await variables(launch(tmp_path, "orders").simulators[0]))["PROVIDER_WEBHOOK_URL"] == ""
