"""Partners as a person reads them; nothing that others wrote reaches the terminal unescaped."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from local_runtime.commands.dead_letters_text import plain
from local_runtime.demo_screen import columns

if TYPE_CHECKING:
    from local_runtime.service_calls import Json

LISTED = ("name", "seller_id", "created_at")
FIELDS = ("partner_id", "name", "seller_id", "created_at", "sees_addresses")
KEYS = ("key_id", "created_at")
DELIVERED = ("delivery_id", "state", "attempts", "order_id", "type", "event_id", "created_at")
ATTEMPTED = ("sent_at", "duration_ms", "status", "error")
ADDRESS_TYPE = "fulfilment.shipping-address-disclosed.v1"
ANSWER_CHARACTERS_MAX = 200
ONCE = "shown this once and never again; keep it like a password"


def added(told: "Json", addresses: Mapping[str, str], docs: str) -> str:
    """The key, and what the partner does with it."""
    return "\n".join(
        [
            f"Partner {plain(told['name'])} is known. Its key, {ONCE}:",
            "",
            f"  {plain(told['key'])}",
            "",
            f"Hand the partner the key, {docs}, and the address for the way it takes:",
            columns(
                [
                    ("pull", plain(addresses["pull"])),
                    ("webhooks", plain(addresses["webhook_endpoints"])),
                ]
            ),
            "The first call, with the key in the file key.header as `Authorization: Bearer KEY`:",
            f"  curl -H @key.header {plain(addresses['pull'])}",
        ]
    )


def listing(partners: Sequence["Json"], now: datetime) -> str:
    if not partners:
        return "There are no partners; add one with: orderproof partners add NAME"
    rows = [(*(plain(one[name]) for name in LISTED), _valid_keys(one, now)) for one in partners]
    return columns([(*LISTED, "valid keys"), *rows])


def details(partner: "Json", now: datetime) -> str:
    """Its fields, then its keys, then its endpoints."""
    fields = [(name, plain(partner[name])) for name in FIELDS]
    fields += [("event_type", plain(one)) for one in partner["event_types"]]
    return "\n\n".join(
        [columns(fields), _keys(partner["keys"], now), _endpoints(partner["endpoints"])]
    )


def addresses(told: "Json") -> str:
    """What the partner may see from now on, and what it has to ask for."""
    name = plain(told["name"])
    if not told["sees_addresses"]:
        return f"{name} is told no shipping addresses"
    return f"{name} may see shipping addresses; it has to name their type, {ADDRESS_TYPE}"


def key_added(told: "Json", name: str) -> str:
    scopes = plain(", ".join(told["scopes"]))
    head = f"Key {plain(told['key_id'])} of {plain(name)} for {scopes}, {ONCE}:"
    return f"{head}\n\n  {plain(told['key'])}"


def revoked(told: "Json") -> str:
    return f"Key {plain(told['key_id'])} is revoked from {plain(told['revoked_at'])} on"


def secret_told(told: "Json", name: str, variable: str | None) -> str:
    """The secret unless it came from ``variable``, the public key, and what to do next."""
    endpoint_id = plain(told["endpoint_id"])
    lines = [f"Events go to {plain(told['url'])}, endpoint {endpoint_id}"]
    if variable is None:
        lines += [f"Its secret, {ONCE}:", "", f"  {plain(told['secret'])}", ""]
    else:
        lines += [f"Its secret is what {variable} holds"]
    if told["previous_secret_until"] is not None:
        lines += [f"The secret before is valid until {plain(told['previous_secret_until'])}"]
    return "\n".join(
        [
            *lines,
            f"Its public key, for signatures v1a: {plain(told['public_key'])}",
            f"See whether it receives: orderproof partners endpoints test {name} {endpoint_id}",
        ]
    )


def endpoint_stands(endpoint: "Json") -> str:
    return f"Endpoint {plain(endpoint['endpoint_id'])} is {_endpoint_state(endpoint)}"


def tested(told: "Json") -> str:
    came = _came(told)
    took = f"after {told['duration_ms']} ms"
    if told["received"]:
        return f"Received: {came} {took}"
    answer = plain(told["response_body"])[:ANSWER_CHARACTERS_MAX]
    return f"NOT received: {came} {took}" + (f"\n  it said: {answer}" if answer else "")


def deliveries(found: Sequence["Json"], *, has_more: bool) -> str:
    if not found:
        return "There are no such deliveries"
    rows = [tuple(plain(one[name]) for name in DELIVERED) for one in found]
    more = "\nThere are more: give a higher --limit" if has_more else ""
    return columns([DELIVERED, *rows]) + more


def delivery(told: "Json") -> str:
    """Every field, then every attempt with the beginning of what came back."""
    fields = [(name, plain(value)) for name, value in told.items() if name != "attempt_log"]
    attempts = [
        (
            *(plain(one[name]) for name in ATTEMPTED),
            plain(one["response_body"])[:ANSWER_CHARACTERS_MAX] or "-",
        )
        for one in told["attempt_log"]
    ]
    shown = columns([(*ATTEMPTED, "answer"), *attempts]) if attempts else "Not attempted yet"
    return f"{columns(fields)}\n{shown}"


def replayed(told: "Json", name: str, endpoint_id: str) -> str:
    count = told["replayed"]
    if not count:
        return "There was nothing to send again"
    look = f"orderproof partners deliveries {name} {endpoint_id}"
    return f"{count} {_plural('delivery', count)} to be sent again; look with: {look}"


def _keys(keys: Sequence["Json"], now: datetime) -> str:
    if not keys:
        return "It has no keys"
    rows = [
        (
            *(plain(one[name]) for name in KEYS),
            plain(", ".join(one["scopes"])),
            plain(_key_state(one, now)),
        )
        for one in keys
    ]
    return columns([(*KEYS, "scopes", "stands"), *rows])


def _endpoints(endpoints: Sequence["Json"]) -> str:
    if not endpoints:
        return "It has no endpoints"
    rows = [
        (
            plain(one["endpoint_id"]),
            plain(one["url"]),
            str(len(one["event_types"])),
            _endpoint_state(one),
        )
        for one in endpoints
    ]
    return columns([("endpoint_id", "url", "types", "stands"), *rows])


def _valid_keys(partner: "Json", now: datetime) -> str:
    valid = [one for one in partner["keys"] if _key_state(one, now).startswith("valid")]
    return f"{len(valid)} of {len(partner['keys'])}"


def _key_state(key: "Json", now: datetime) -> str:
    """The earlier of the two ends counts."""
    ends = {"revoked": key["revoked_at"], "expired": key["expires_at"]}
    known = [(datetime.fromisoformat(at), at, how) for how, at in ends.items() if at is not None]
    if not known:
        return "valid"
    moment, at, how = min(known)
    return f"{how} since {at}" if moment <= now else f"valid until {at}"


def _endpoint_state(endpoint: "Json") -> str:
    if not endpoint["enabled"]:
        reason = plain(endpoint["disabled_reason"])
        return f"disabled ({reason}) since {plain(endpoint['disabled_at'])}"
    if endpoint["failing_since"] is not None:
        return f"enabled, failing since {plain(endpoint['failing_since'])}"
    return "enabled"


def _came(told: "Json") -> str:
    return plain(told["error"] if told["status"] is None else told["status"])


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word.removesuffix('y')}ies"
