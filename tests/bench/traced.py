"""What tracing costs: loads in turns of which no trace is kept, one in a hundred, or each."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from aiohttp import web
from local_runtime.ports import HOST

from tests.bench.figures import spread
from tests.bench.measuring import Ask, Measured
from tests.bench.spec import Json
from tests.bench.systems import Systems
from tests.bench.usage import per_1000

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
EXPORT_BYTES_MAX = 64 * 2**20
# The storefront's own decision, which everything that follows from an order keeps to.
SHARES = (0.0, 0.01, 1.0)


@dataclass
class Collector:
    """Takes what the services export, and keeps nothing but how much that was."""

    url: str = ""
    taken_bytes: int = 0
    _port: int = field(default=0, init=False)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Collector"]:
        application = web.Application(client_max_size=EXPORT_BYTES_MAX)
        application.add_routes([web.post("/v1/traces", self._take)])
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, HOST, 0).start()
            self.url = f"http://{HOST}:{runner.addresses[0][1]}"
            yield self
        finally:
            await runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        self.taken_bytes += len(await request.read())
        return web.Response(content_type="application/x-protobuf")


async def traced(systems: Systems) -> None:
    """Closed loops on one system whose services export to a collector in this process."""
    plan = systems.plan
    loop = Ask("kafka", plan.pair_s, in_flight=plan.in_flight[-1])
    spent: dict[float, list[float]] = {share: [] for share in SHARES}
    taken: dict[float, int] = dict.fromkeys(SHARES, 0)
    async with (
        Collector().listening() as collector,
        systems.one(environment={ENDPOINT: collector.url}) as run,
    ):
        await run.meter.measure(loop)  # The first one warms everything up.
        for _ in range(plan.pairs):
            for share in SHARES:
                before = collector.taken_bytes
                one = await run.meter.measure(replace(loop, sampled=share))
                spent[share].append(_cpu_s_per_1000(one))
                taken[share] += collector.taken_bytes - before
    if not taken[1.0]:
        systems.failures.append("no trace was exported, so nothing is known of what they cost")
    systems.found["traced"] = {_name(share): _told(spent, share, taken[share]) for share in SHARES}


def _cpu_s_per_1000(one: Measured) -> float:
    system = {name: spent for name, spent in one.cpu_s.items() if name != "generator"}
    return per_1000(system, one.outcome.placed)["total"]


def _told(spent: dict[float, list[float]], share: float, taken_bytes: int) -> Json:
    ratios = [one / none for one, none in zip(spent[share], spent[0.0], strict=True) if none]
    return {
        "cpu_s_per_1000": spread(spent[share]),
        "ratio": spread(ratios),
        "exported_bytes": taken_bytes,
    }


def _name(share: float) -> str:
    return f"{100 * share:g} %"
