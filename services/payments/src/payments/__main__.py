"""``python -m payments``."""

from payments.app import build
from payments.settings import PaymentsSettings
from shared.running import run

if __name__ == "__main__":
    run(PaymentsSettings, build)
