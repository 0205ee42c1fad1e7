"""``python -m payments``."""

from shared.running import run

from payments.app import build
from payments.settings import PaymentsSettings

if __name__ == "__main__":
    run(PaymentsSettings, build)
