"""``python -m inventory`` runs the service."""

from shared.running import run

from inventory.app import build
from inventory.settings import InventorySettings

if __name__ == "__main__":
    run(InventorySettings, build)
