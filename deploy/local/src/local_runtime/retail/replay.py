"""Replays a file against a running system, then asks the judges outside of it."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Generator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, closing
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import Any

from local_runtime.retail.account import Account
from local_runtime.retail.books import Goods, Judge, Money
from local_runtime.retail.calls import PatientCalls, patient_session
from local_runtime.retail.fates import Door
from local_runtime.retail.http_door import HttpDoor
from local_runtime.retail.invoices import Survey, survey
from local_runtime.retail.job import Job, Via
from local_runtime.retail.placing import Advance, Till, sell_all
from local_runtime.retail.plan import Planned, plan
from local_runtime.retail.rows import Entry, read_rows

Told = dict[str, Any]

RETURNS = ("matched_quantity", "matched_minor", "unmatched_quantity", "unmatched_minor")


def look_over(job: Job) -> Survey:
    """Read the whole file once, before anything is placed. Raises ``NotRetailError``."""
    with closing(_entries(job.file)) as entries:
        return survey(entries)


async def carry_out(
    job: Job,
    found: Survey,
    endpoints: Mapping[str, Any],
    report: Path,
    progress: Callable[[int], AbstractContextManager[Advance]],
) -> Told:
    """Place every order of the file and judge. Raises ``UnansweredError``."""
    report.parent.mkdir(parents=True, exist_ok=True)
    with report.open("w", encoding="utf-8") as file:
        account = Account(file)
        async with patient_session() as http:
            calls = PatientCalls(http)
            started_s = monotonic()
            async with _door(job, calls, endpoints) as door:
                with progress(min(found.sale_invoices, job.limit or found.sale_invoices)) as step:
                    till = Till(calls, endpoints["inventory"], door, account, step)
                    with closing(_planned(job, found)) as planned:
                        await sell_all(planned, till, job.per_s)
            took_s = monotonic() - started_s
            judge = Judge(calls, endpoints["provider"], endpoints["inventory"])
            money = await judge.settled_money(account.kept_minor)
            goods = await judge.settled_goods(account.received, account.sold)
    return {**_told(job, account, money, goods, took_s), "report": str(report)}


def _planned(job: Job, found: Survey) -> Generator[Planned, None, None]:
    with closing(_entries(job.file)) as entries:
        yield from plan(entries, found.last_lines, job.token, job.limit)


def _entries(file: Path) -> Generator[Entry, None, None]:
    with file.open("rb") as raw:
        yield from read_rows(raw)


@asynccontextmanager
async def _door(job: Job, calls: PatientCalls, endpoints: Mapping[str, Any]) -> AsyncIterator[Door]:
    if job.via is Via.HTTP:
        yield HttpDoor(calls, endpoints["orders"])
        return
    from local_runtime.retail.kafka_door import kafka_door

    async with kafka_door(endpoints["kafka"], job.topic_prefix) as door:
        yield door


def _told(job: Job, account: Account, money: Money, goods: Goods, took_s: float) -> Told:
    counts = account.counts
    problems = account.problems + Counter(money.wrong) + Counter(goods.wrong)
    return {
        "complete": not problems,
        "file": str(job.file),
        "via": job.via.value,
        "seconds": round(took_s, 1),
        "orders_per_s": round(counts["order"] / took_s, 1),
        "orders": counts["order"],
        "lines": counts["order-line"],
        "units": counts["unit"],
        "total_minor": counts["total-minor"],
        "outcomes": dict(account.outcomes),
        "money": asdict(money),
        "stock": asdict(goods),
        "left_out": dict(account.reasons),
        "invoices_without_goods": counts["invoice-without-goods"],
        "invoices_not_placed": counts["invoice-not-placed"],
        "bad_rows": counts["bad-row"],
        "cancellations": counts["return-to-come"],
        "returns": {name: account.returns[name] for name in RETURNS},
        "unknown_countries": sorted(account.unknown_countries),
        "problems": dict(problems),
    }
