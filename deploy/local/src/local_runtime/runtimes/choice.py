"""Which runtime to use: addresses in the environment, else embedded, unless told by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from local_runtime.paths import RunDir
from local_runtime.ports import PortBook
from local_runtime.runtimes.base import Runtime
from local_runtime.runtimes.external import KAFKA_VARIABLE, POSTGRES_VARIABLE


class RuntimeName(StrEnum):
    """The runtimes by the names that the command line takes."""

    EMBEDDED = "embedded"
    CONTAINERS = "containers"
    EXTERNAL = "external"


@dataclass(frozen=True)
class Choice:
    """A runtime and why it was taken."""

    name: RuntimeName
    reason: str

    def __str__(self) -> str:
        return f"Runtime: {self.name.value} ({self.reason})"


def choose(asked: RuntimeName | None, environment: Mapping[str, str]) -> Choice:
    """Never by what happens to be installed."""
    if asked is not None:
        return Choice(asked, "asked for")
    found = [name for name in (KAFKA_VARIABLE, POSTGRES_VARIABLE) if environment.get(name)]
    if found:
        return Choice(RuntimeName.EXTERNAL, f"{' and '.join(found)} set")
    return Choice(RuntimeName.EMBEDDED, "the default")


class NoPartnerListenerError(ValueError):
    """Only a broker that we start ourselves gets a listener for partners from us."""


def build(
    name: RuntimeName,
    run_dir: RunDir,
    ports: PortBook,
    environment: Mapping[str, str],
    *,
    partner_listener: bool = False,
) -> Runtime:
    """The runtime called ``name``; only its own libraries are imported.

    Raises :class:`NoPartnerListenerError` when partners' listener is asked of another's broker.
    """
    if partner_listener and name is not RuntimeName.EMBEDDED:
        raise NoPartnerListenerError(
            f"the {name.value} runtime has no listener for partners; the embedded one has"
        )
    match name:
        case RuntimeName.EMBEDDED:
            from local_runtime.runtimes.embedded import EmbeddedRuntime

            return EmbeddedRuntime(run_dir, ports, partner_listener=partner_listener)
        case RuntimeName.CONTAINERS:
            from local_runtime.runtimes.containers import ContainersRuntime, Images

            return ContainersRuntime(Images.from_environment(environment), ports)
        case RuntimeName.EXTERNAL:
            from local_runtime.runtimes.external import ExternalRuntime

            return ExternalRuntime.from_environment(environment)
