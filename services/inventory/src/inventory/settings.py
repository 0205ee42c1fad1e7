"""What inventory reads from its environment: ``INVENTORY_…``."""

from pydantic_settings import SettingsConfigDict
from shared.settings import ServiceSettings


class InventorySettings(ServiceSettings):
    """The settings every service has; inventory needs no others."""

    model_config = SettingsConfigDict(env_prefix="INVENTORY_")
