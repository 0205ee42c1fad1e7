"""Every variable the orders service reads."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict
from shared.settings import ServiceSettings


class OrdersSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="ORDERS_")

    deadline_s: float = Field(
        900, ge=1, le=30 * 86_400, description="an order undecided for so long expires"
    )
    deadline_interval_s: float = Field(
        1.0, gt=0, le=60, description="how often passed deadlines are looked for"
    )
    pending_orders_max: int = Field(
        10_000, ge=1, description="more undecided orders hold up intake from Kafka"
    )
