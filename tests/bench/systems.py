"""Systems that are measured one after the other, each audited at its end."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import MappingProxyType

from tests.bench.auditing import audit
from tests.bench.measuring import Meter
from tests.bench.plan import Plan
from tests.bench.progress import Progress
from tests.bench.run import LOADS, Load, Run
from tests.bench.spec import Json
from tests.bench.stack import a_stack


@dataclass
class Systems:
    """Boots them; what is found on all of them comes into one document."""

    plan: Plan
    progress: Progress
    simulators: bool = False
    console: bool = False
    instances: int = 1
    loads: Sequence[Load] = LOADS
    rate: float | None = None
    found: Json = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def one(
        self, instances: int | None = None, environment: Mapping[str, str] = MappingProxyType({})
    ) -> AsyncIterator[Run]:
        """A new system, for the block; nothing of it is left afterwards."""
        each = instances or self.instances
        self.progress.say(f"Starting the system, {each} of each service")
        quick = self.plan.name == "short"
        async with a_stack(
            simulators=self.simulators,
            quick=quick,
            instances=each,
            console=self.console,
            environment=environment,
        ) as stack:
            run = Run(
                Meter(stack, self.plan, self.progress),
                found=self.found,
                failures=self.failures,
                loads=self.loads,
                rate=self.rate,
            )
            yield run
            await audit(run)
            self.failures += run.meter.trouble
