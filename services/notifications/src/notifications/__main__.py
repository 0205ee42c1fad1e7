"""``python -m notifications`` runs the service."""

from shared.running import run

from notifications.app import build
from notifications.settings import NotificationsSettings

if __name__ == "__main__":
    run(NotificationsSettings, build)
