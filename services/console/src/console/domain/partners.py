"""How a partner's key or endpoint stands, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

EXPIRING_WITHIN = timedelta(days=14)
WHY_DISABLED = {
    "gone": "disabled: gone",
    "failing": "disabled: nothing but failures",
    "by-partner": "disabled: by hand",
}

Tone = Literal["good", "wait", "bad", "calm"]


@dataclass(frozen=True, slots=True)
class Standing:
    """``says`` goes on with ``at`` where there is one."""

    tone: Tone
    says: str
    at: str | None = None


def endpoint_standing(endpoint: Mapping[str, Any]) -> Standing:
    """Whether events are sent there, and how that goes."""
    if not endpoint["enabled"]:
        reason = endpoint["disabled_reason"]
        says = WHY_DISABLED.get(reason, f"disabled: {reason or 'nobody said why'}")
        return Standing("calm" if reason == "by-partner" else "bad", says, endpoint["disabled_at"])
    if endpoint["failing_since"] is not None:
        return Standing("wait", "failing since", endpoint["failing_since"])
    return Standing("good", "well")


def key_standing(key: Mapping[str, Any], now: datetime) -> Standing:
    """Until when it lets its partner in."""
    revoked, expires = _moment(key["revoked_at"]), _moment(key["expires_at"])
    if revoked is not None and revoked <= now:
        return Standing("calm", "revoked", key["revoked_at"])
    if expires is not None and expires <= now:
        return Standing("bad", "expired", key["expires_at"])
    if revoked is not None and (expires is None or revoked <= expires):
        return Standing("wait", "revoked, valid until", key["revoked_at"])
    if expires is None:
        return Standing("good", "valid until it is revoked")
    is_soon = expires - now <= EXPIRING_WITHIN
    return Standing("wait" if is_soon else "good", "valid until", key["expires_at"])


def is_valid(standing: Standing) -> bool:
    """Whether a key that stands so still lets its partner in."""
    return standing.tone in ("good", "wait")


def counted_keys(standings: Sequence[Standing]) -> dict[str, int]:
    """How many let their partner in, and how many of these soon no more."""
    tones = [one.tone for one in standings if is_valid(one)]
    return {"valid": len(tones), "expiring": tones.count("wait")}


def counted_endpoints(endpoints: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How many are enabled and disabled; ``failing_since`` is of the one that fails longest."""
    enabled = [one for one in endpoints if one["enabled"]]
    failing = [str(one["failing_since"]) for one in enabled if one["failing_since"] is not None]
    return {
        "enabled": len(enabled),
        "disabled": len(endpoints) - len(enabled),
        "failing": len(failing),
        "failing_since": min(failing, default=None),
    }


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
