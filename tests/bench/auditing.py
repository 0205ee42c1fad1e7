"""The end of every system that was measured: each order is right, and the audit holds."""

import asyncio
import json
import sys
from collections import Counter
from pathlib import Path

from tests.bench.run import Run
from tests.bench.spec import Json


async def audit(run: Run) -> None:
    """Every order is there and confirmed, and every invariant holds; anything else fails."""
    meter = run.meter
    counts = await meter.stack.order_counts()
    wanted = meter.placed - meter.refused
    if counts != ({"confirmed": wanted} if wanted else {}):
        run.failures.append(f"of {wanted} orders that were placed there are {counts}")
    system = meter.stack.system
    command = [str(Path(sys.executable).with_name("orderproof")), "audit", "--json"]
    place = ["--run-dir", str(system.run_dir.root), "--prefix", meter.stack.prefix]
    with meter.progress.doing("audit"):
        process = await asyncio.create_subprocess_exec(
            *command, *place, stdout=asyncio.subprocess.PIPE
        )
        told, _ = await process.communicate()
    document = json.loads(told)
    holds = process.returncode == 0 and document.get("holds", False)
    if not holds:
        run.failures.append(f"the audit does not hold: {_broken(document)}")
    _add(run.found, {"holds": holds, "orders": wanted, "statuses": counts})
    meter.progress.say(f"audit of {wanted} orders: {'holds' if holds else 'DOES NOT HOLD'}")


def _add(found: Json, audit: Json) -> None:
    """To those of the systems before."""
    before = found.get("audit", {"holds": True, "orders": 0, "statuses": {}})
    found["audit"] = {
        "holds": before["holds"] and audit["holds"],
        "orders": before["orders"] + audit["orders"],
        "statuses": dict(Counter(before["statuses"]) + Counter(audit["statuses"])),
    }


def _broken(document: Json) -> list[str]:
    if "error" in document:
        return [str(document["error"])]
    promises = [
        each for answer in document["services"].values() for each in answer.get("invariants", [])
    ]
    return [
        f"{one['name']}: {one.get('broken') or one.get('unchecked')}"
        for one in [*promises, *document["comparisons"]]
        if one.get("broken") or one.get("unchecked")
    ]
