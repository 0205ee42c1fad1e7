"""Every variable the orders service reads."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict
from shared.settings import ServiceSettings


class OrdersSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="ORDERS_")

    # Fulfilment's topic, which partners read too, is kept for a season.
    inbox_retention_days: int = Field(
        100,
        ge=1,
        le=3650,
        description="how long an event's id is known; at least a week more than Kafka keeps it",
    )
    deadline_s: float = Field(
        900, ge=1, le=30 * 86_400, description="an order undecided for so long expires"
    )
    deadline_interval_s: float = Field(
        1.0,
        gt=0,
        le=60,
        description="how often passed deadlines are looked for while one may pass",
    )
    pending_orders_max: int = Field(
        50_000, ge=1, description="more undecided orders hold up intake from Kafka"
    )
    streams_max: int = Field(
        1_000, ge=0, le=100_000, description="event streams open at a time, per instance"
    )
