"""Dead letters as a person reads them; nothing in a record reaches the terminal unescaped."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from local_runtime.demo_screen import columns

if TYPE_CHECKING:
    from local_runtime.dead_letters import Redriven
    from local_runtime.service_calls import Json

LISTED = ("service", "id", "reason", "type", "key", "behind", "parked_at", "attempts")
REDRIVEN = ("service", "id", "key", "done", "left", "failed")


def listing(letters: Sequence["Json"]) -> str:
    if not letters:
        return "Nothing is parked"
    return columns([LISTED, *(tuple(plain(one[name]) for name in LISTED) for one in letters)])


def details(letter: "Json") -> str:
    """Every field, then every header."""
    fields = [(name, plain(value)) for name, value in letter.items() if name != "headers"]
    headers = [(f"header {name}", value) for name, value in letter["headers"].items()]
    return columns([*fields, *((plain(name), plain(value)) for name, value in headers)])


def redriven(results: Sequence["Redriven"], *, dry_run: bool) -> str:
    """Each key, then how many events ran in all."""
    if not results:
        return "Nothing to redrive"
    rows = [tuple(plain(getattr(one, name)) for name in REDRIVEN) for one in results]
    done, left = sum(one.done for one in results), sum(one.left for one in results)
    failed = sum(one.failed is not None for one in results)
    ran = f"{done} would run" if dry_run else f"{done} ran"
    total = f"{ran}, {left} left; {failed} of {len(results)} keys failed"
    return f"{columns([REDRIVEN, *rows])}\n{total}"


def discardable(letter: "Json") -> str:
    """What a discard would do."""
    if not letter["first"]:
        return "This record is not its key's first: an earlier one has to go before it."
    return f"This record would be dropped for ever, and the {letter['behind']} behind it run."


def discarded(result: "Redriven") -> str:
    text = f"Dropped {result.id} of {result.service}; {result.done} behind it ran"
    if result.failed is None:
        return text
    return plain(f"{text}, {result.left} wait: {result.failed}")


def plain(value: Any) -> str:
    """One line of printable characters: a record's text may come from anybody."""
    if value is None:
        return "-"
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in str(value))
