"""Every variable the payments service reads."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import AnyHttpUrl, Field, model_validator
from pydantic_settings import SettingsConfigDict
from shared.settings import ServiceSettings

from payments.domain.attempts import CallLimits

LEASE_MARGIN_S = 5

Delay = Annotated[float, Field(gt=0)]


class PaymentsSettings(ServiceSettings):
    """Environment variables ``PAYMENTS_…``."""

    model_config = SettingsConfigDict(env_prefix="PAYMENTS_")

    provider_url: AnyHttpUrl = Field(description="the payment provider's base URL")
    provider_calls_max: int = Field(16, ge=1, le=1000, description="calls at a time, per instance")
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
    def limits(self) -> CallLimits:
        return CallLimits(
            calls_max=self.calls_max,
            settle_after=timedelta(seconds=self.call_timeout_s + self.lease_s),
            inquiry_delay=timedelta(seconds=self.inquiry_delay_s),
            key_use_max=timedelta(seconds=self.provider_key_lifetime_s / 2),
            sweep_delays=tuple(timedelta(seconds=delay) for delay in self.sweep_delays_s),
        )
