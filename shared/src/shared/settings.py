"""Settings every service reads; a wrong or unsafe one ends the start with exit code 78."""

import ipaddress
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NoReturn, Self, TypeVar

from pydantic import Field, PostgresDsn, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

EX_CONFIG = 78  # sysexits.h

Environment = Literal["local", "single-node", "production"]


class ServiceSettings(BaseSettings):
    """Derive with ``env_prefix="<SERVICE>_"``; ``ORDERPROOF_ENVIRONMENT`` is common to all."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", validate_default=True)

    environment: Environment = Field(
        "production", validation_alias="ORDERPROOF_ENVIRONMENT", description="how much is allowed"
    )
    database_url: PostgresDsn = Field(description="PostgreSQL, this service's own database")
    database_connections_max: int = Field(10, ge=4, le=100, description="size of the pool")
    kafka_bootstrap: str = Field(min_length=3, description="Kafka bootstrap servers, host:port,…")
    kafka_acks: str = Field("all", description="only 'all' is accepted")
    kafka_auto_offset_reset: str = Field("earliest", description="only 'earliest' is accepted")
    kafka_enable_auto_commit: bool = Field(False, description="only false is accepted")
    kafka_username: str | None = Field(None, description="SASL user (SCRAM-SHA-512 over TLS)")
    kafka_password: str | None = Field(None, repr=False, description="SASL password")
    topic_prefix: str = Field("", max_length=64, description="put before every topic and group")
    http_host: str = Field("127.0.0.1", description="address to listen on")
    http_port: int = Field(8000, ge=0, le=65535, description="port to listen on")
    allow_unauthenticated_bind: bool = Field(
        False, description="listen beyond loopback although nothing asks for a key"
    )
    http_requests_per_minute_per_instance_max: int = Field(
        0, ge=0, le=10**9, description="of one client address; 0 is no limit"
    )
    http_writes_max: int = Field(
        500, ge=1, le=100_000, description="requests that write, at a time; more are answered 503"
    )
    cors_origins: tuple[str, ...] = Field(
        (), description="web origins whose pages may call, as a JSON list; none by default"
    )
    instance_name: str = Field(
        min_length=1, max_length=100, description="unique and stable per living instance"
    )
    batch_records_max: int = Field(500, ge=1, le=5000, description="records of one transaction")
    parked_orders_per_minute_max: int = Field(
        50, ge=1, description="more of one error class stop the partition"
    )
    invariants_interval_s: float = Field(
        20,
        ge=0.1,
        le=3600,
        description="from one look at which promises are due for a check to the next",
    )
    inbox_retention_days: int = Field(
        30,
        ge=1,
        le=3650,
        description="how long an event's id is known; at least a week more than Kafka keeps it",
    )
    idempotency_retention_h: int = Field(
        720, ge=24, le=87_600, description="how long an Idempotency-Key and its answer are kept"
    )
    work_retention_days: int = Field(
        30, ge=1, le=3650, description="how long calls to the outside that are done are kept"
    )
    drain_timeout_s: float = Field(8, gt=0, le=120, description="time to finish on SIGTERM")
    clock_offset_s: float = Field(0, description="local only: moves this service's clock")
    crash_dir: Path | None = Field(None, description="local only: orders to die at named points")

    @model_validator(mode="after")
    def _refuse_what_loses_messages(self) -> Self:
        for name, safe in (
            ("kafka_acks", "all"),
            ("kafka_auto_offset_reset", "earliest"),
            ("kafka_enable_auto_commit", False),
        ):
            if getattr(self, name) != safe:
                raise ValueError(f"{self.variable(name)}: only {safe!r} loses no messages")
        return self

    @model_validator(mode="after")
    def _refuse_an_open_door(self) -> Self:
        if self.loopback or (self.allow_unauthenticated_bind and self.environment != "local"):
            return self
        raise ValueError(
            f"{self.variable('http_host')}: {self.http_host} is reachable from outside and "
            "nothing asks for a key; listen on 127.0.0.1 behind a proxy, or name "
            f"{self.variable('allow_unauthenticated_bind')} where the network keeps others out"
        )

    @model_validator(mode="after")
    def _refuse_what_only_local_may(self) -> Self:
        if self.environment == "local":
            return self
        if self.crash_dir is not None or self.clock_offset_s != 0:
            name = "crash_dir" if self.crash_dir is not None else "clock_offset_s"
            raise ValueError(f"{self.variable(name)}: only with ORDERPROOF_ENVIRONMENT=local")
        if not self.database_url.hosts()[0]["password"]:
            raise ValueError(f"{self.variable('database_url')}: has no password")
        return self

    @model_validator(mode="after")
    def _refuse_unsafe_production(self) -> Self:
        if self.environment != "production":
            return self
        if not self.kafka_username or not self.kafka_password:
            raise ValueError(f"{self.variable('kafka_username')}: no SASL user and password")
        return self

    @property
    def loopback(self) -> bool:
        if self.http_host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.http_host).is_loopback
        except ValueError:
            return False

    def variable(self, name: str) -> str:
        """The environment variable that sets ``name``."""
        return f"{self.model_config.get('env_prefix', '')}{name}".upper()


Settings = TypeVar("Settings", bound=ServiceSettings)


def load(settings: type[Settings]) -> Settings:
    """Read the environment, or say which setting is wrong and exit with code 78."""
    try:
        return settings()
    except ValidationError as error:
        refuse(*_wrong(settings, error))


def refuse(*wrong: str) -> NoReturn:
    """End the start: each line begins with the variable that is wrong or unsafe."""
    for one in wrong:
        print(one, file=sys.stderr)
    sys.exit(EX_CONFIG)


def _wrong(settings: type[ServiceSettings], error: ValidationError) -> Iterator[str]:
    prefix = settings.model_config.get("env_prefix", "")
    for one in error.errors(include_input=False, include_url=False):
        where = "_".join(str(part) for part in one["loc"])
        name = where if where.startswith("ORDERPROOF") else f"{prefix}{where}".upper()
        message = one["msg"].removeprefix("Value error, ")
        yield f"{name}: {message}" if where else message
