"""Every variable the payments service reads."""

import base64
from datetime import timedelta
from typing import Annotated, Self

from pydantic import AnyHttpUrl, Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict
from shared.settings import ServiceSettings

from payments.domain.attempts import CallLimits

LEASE_MARGIN_S = 5

WEBHOOK_KEY_BYTES = range(24, 65)
KEY_SHAPE = "each secret is whsec_ and the base64 of 24 to 64 bytes"

Delay = Annotated[float, Field(gt=0)]


def webhook_key(secret: str) -> bytes:
    """The key in ``whsec_…`` (Standard Webhooks 1.0.0). Raises ``ValueError`` without its text."""
    prefix, _, encoded = secret.partition("_")
    try:
        key = base64.b64decode(encoded, validate=True)
    except ValueError:
        raise ValueError(KEY_SHAPE) from None
    if prefix != "whsec" or len(key) not in WEBHOOK_KEY_BYTES:
        raise ValueError(KEY_SHAPE)
    return key


class PaymentsSettings(ServiceSettings):
    """Environment variables ``PAYMENTS_…``."""

    model_config = SettingsConfigDict(env_prefix="PAYMENTS_")

    provider_url: AnyHttpUrl = Field(description="the payment provider's base URL")
    provider_calls_max: int = Field(32, ge=1, le=1000, description="calls at a time, per instance")
    call_timeout_s: float = Field(5, gt=0, le=60, description="total time of one provider call")
    lease_s: float = Field(
        15, gt=0, le=600, description="a work row's lease, at least call_timeout_s + 5"
    )
    calls_max: int = Field(4, ge=1, le=20, description="charge calls under one key")
    inquiry_delay_s: float = Field(
        1, gt=0, le=60, description="from an unknown outcome to asking; doubles, 64 times at most"
    )
    sweep_delays_s: tuple[Delay, ...] = Field(
        (60, 300, 1800, 7200, 86400),
        min_length=1,
        description="when a charge closed as not made is asked about again, after closing",
    )
    sweep_interval_s: float = Field(
        1, gt=0, le=60, description="how often due sweeps are looked for"
    )
    provider_key_lifetime_s: float = Field(
        86400, gt=0, description="how long the provider knows a key; half of it is used"
    )

    reconcile_interval_s: float = Field(
        86400, gt=0, description="from one comparison with the provider's own list to the next"
    )
    provider_name: str = Field(
        "provider",
        pattern=r"^[a-z0-9][a-z0-9-]{0,39}$",
        description="its name in POST /v1/provider-events/{provider}",
    )
    provider_webhook_secrets: SecretStr = Field(
        SecretStr(""),
        description="whsec_…, what provider events are signed with; two with a space between "
        "while one replaces the other; none: no events are taken in",
    )
    provider_events_retention_days: int = Field(
        90, ge=7, le=3650, description="how long a provider's event is known by its webhook-id"
    )
    provider_movements_retention_days: int = Field(
        400,
        ge=30,
        le=3650,
        description="how far back the provider's list is kept and compared with the ledger",
    )

    @field_validator("provider_webhook_secrets")
    @classmethod
    def _refuse_weak_secrets(cls, secrets: SecretStr) -> SecretStr:
        for one in secrets.get_secret_value().split():
            webhook_key(one)
        return secrets

    @model_validator(mode="after")
    def _refuse_short_leases(self) -> Self:
        if self.lease_s < self.call_timeout_s + LEASE_MARGIN_S:
            raise ValueError(
                f"{self.variable('lease_s')}: must be at least "
                f"{self.variable('call_timeout_s')} + {LEASE_MARGIN_S}, or two may call at once"
            )
        return self

    @model_validator(mode="after")
    def _refuse_tokens_in_the_clear(self) -> Self:
        clear = self.environment != "local" and self.provider_url.scheme != "https"
        if clear and not self._provider_is_beside_us:
            raise ValueError(f"{self.variable('provider_url')}: only https keeps tokens secret")
        return self

    @property
    def _provider_is_beside_us(self) -> bool:
        """Whether its name is one that only a network of this machine knows."""
        name = self.provider_url.host or ""
        return self.environment == "single-node" and name.replace("-", "").isalnum()

    @property
    def webhook_keys(self) -> tuple[bytes, ...]:
        """Every key that a provider event may be signed with now."""
        return tuple(map(webhook_key, self.provider_webhook_secrets.get_secret_value().split()))

    @property
    def limits(self) -> CallLimits:
        return CallLimits(
            calls_max=self.calls_max,
            settle_after=timedelta(seconds=self.call_timeout_s + self.lease_s),
            inquiry_delay=timedelta(seconds=self.inquiry_delay_s),
            key_use_max=timedelta(seconds=self.provider_key_lifetime_s / 2),
            sweep_delays=tuple(timedelta(seconds=delay) for delay in self.sweep_delays_s),
        )
