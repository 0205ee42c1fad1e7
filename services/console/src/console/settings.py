"""Every variable the console reads: ``CONSOLE_…``, with its unit and default."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_settings import SettingsConfigDict
from shared.settings import ServiceSettings

LOCAL_KEY = "only on this machine"
Url = Annotated[str, StringConstraints(pattern=r"^https?://[\x21-\x7e]+[^/]$", max_length=500)]
Urls = Annotated[tuple[Url, ...], Field(min_length=1, max_length=64)]
INSTANCES = "every instance, as a JSON list"


class ConsoleSettings(ServiceSettings):
    """Where the services are, who may come in, and how long things are kept."""

    model_config = SettingsConfigDict(env_prefix="CONSOLE_")

    orders_urls: Urls = Field(("http://127.0.0.1:8100",), description=f"orders: {INSTANCES}")
    payments_urls: Urls = Field(("http://127.0.0.1:8200",), description=f"payments: {INSTANCES}")
    inventory_urls: Urls = Field(("http://127.0.0.1:8300",), description=f"inventory: {INSTANCES}")
    notifications_urls: Urls = Field(
        ("http://127.0.0.1:8400",), description=f"notifications: {INSTANCES}"
    )
    access_key: str | None = Field(
        None,
        min_length=16,
        max_length=200,
        repr=False,
        description="password of every operator (RFC 7617); needed beyond loopback",
    )
    host_names: tuple[str, ...] = Field(
        (), description="names it is reached by beside loopback's, as a JSON list"
    )
    search_key: str = Field(
        LOCAL_KEY,
        min_length=16,
        max_length=200,
        repr=False,
        description="key of the hashes that buyers' addresses are found by",
    )
    call_timeout_s: float = Field(3, gt=0, le=60, description="time for a service's answer")
    look_interval_s: float = Field(
        2,
        ge=0.2,
        le=60,
        description="from one look at the services' metrics to the next, while a page is followed",
    )
    streams_max: int = Field(200, ge=1, le=5_000, description="pages that are followed live")
    records_retention_days: int = Field(
        30, ge=1, le=3650, description="how long orders and what was told of them can be seen"
    )
    actions_retention_days: int = Field(
        365, ge=1, le=3650, description="how long it can be seen who did what"
    )
    spans_max: int = Field(
        200_000, ge=0, le=50_000_000, description="spans that are kept; 0 keeps none"
    )
    spans_retention_h: int = Field(72, ge=1, le=8760, description="how long spans are kept")
    mailbox_url: Url | None = Field(None, description="local only: messages of the mail sink")
    provider_url: Url | None = Field(None, description="local only: the simulated provider")
    log_dir: Path | None = Field(None, description="local only: where the services' logs are")
    trace_link: str | None = Field(
        None,
        pattern=r"^https?://[\x21-\x7e]*\{trace_id\}[\x21-\x7e]*$",
        description="a trace's page elsewhere, with {trace_id} in its address",
    )

    @model_validator(mode="after")
    def _refuse_an_open_door(self) -> Self:
        """In place of what other services do: here a key lets people in."""
        if self.loopback or self.access_key is not None:
            return self
        if self.allow_unauthenticated_bind and self.environment != "local":
            return self
        raise ValueError(
            f"{self.variable('access_key')}: {self.http_host} is reachable from outside; set a "
            f"key, or name {self.variable('allow_unauthenticated_bind')} where the network keeps "
            "others out"
        )

    @model_validator(mode="after")
    def _refuse_simulators_elsewhere(self) -> Self:
        for name in ("mailbox_url", "provider_url", "log_dir"):
            if self.environment != "local" and getattr(self, name) is not None:
                raise ValueError(f"{self.variable(name)}: only with ORDERPROOF_ENVIRONMENT=local")
        return self

    @model_validator(mode="after")
    def _refuse_a_known_key(self) -> Self:
        if self.environment != "local" and self.search_key == LOCAL_KEY:
            raise ValueError(f"{self.variable('search_key')}: anybody knows the default; set one")
        return self

    @property
    def services(self) -> dict[str, tuple[str, ...]]:
        """Where the instances of each service are."""
        return {
            "orders": self.orders_urls,
            "payments": self.payments_urls,
            "inventory": self.inventory_urls,
            "notifications": self.notifications_urls,
        }
