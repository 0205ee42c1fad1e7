"""``python -m console`` runs the service."""

from shared.running import run

from console.app import build
from console.settings import ConsoleSettings

if __name__ == "__main__":
    run(ConsoleSettings, build)
