"""Servers that somebody else runs; their addresses come from the environment."""

from collections.abc import Mapping

from local_runtime.runtimes.base import Backing, Node

KAFKA_VARIABLE = "ORDERPROOF_KAFKA_BOOTSTRAP"
POSTGRES_VARIABLE = "ORDERPROOF_POSTGRES_URL"


class MissingAddressError(ValueError):
    """The external runtime needs both addresses."""


class ExternalRuntime:
    """Hands out addresses; starts and stops nothing."""

    name = "external"

    def __init__(self, backing: Backing) -> None:
        self._backing = backing
        self.stages: dict[str, float] = {}
        self.nodes: list[Node] = []

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "ExternalRuntime":
        """Read both addresses; name the one that is missing."""
        for variable in (KAFKA_VARIABLE, POSTGRES_VARIABLE):
            if not environment.get(variable):
                raise MissingAddressError(f"the external runtime needs {variable}")
        return cls(Backing(environment[KAFKA_VARIABLE], environment[POSTGRES_VARIABLE]))

    async def start(self) -> Backing:
        """The given addresses."""
        return self._backing

    async def stop(self) -> None:
        """Nothing: whoever started the servers stops them."""
