"""``python -m tests.support.quick_service SERVICE``: a service that looks at itself twice a second.

How often it does is no setting: nobody who runs it gains by another figure, and a test does.
"""

import sys
from importlib import import_module

from shared.invariants import watch
from shared.messaging import consumer, pipeline

from shared import running
from tests.support.wiring import settings_of

LOOK_S = 0.5
CHECKS_SHARE = 0.05  # Of the time; ten times what a service spends on its promises.


def main(service: str) -> None:
    """As ``python -m SERVICE``; inventory with the switch that plants a bug."""
    consumer.PROGRESS_INTERVAL_S = LOOK_S
    pipeline.STOPPED_PAUSE_S = LOOK_S
    watch.TIME_SHARE_MAX = CHECKS_SHARE
    app = "tests.support.mendable_inventory" if service == "inventory" else f"{service}.app"
    build = import_module(app).build
    if service == "notifications":
        vars(import_module("notifications.partners.wiring"))["FIGURES_INTERVAL_S"] = LOOK_S
    settings = settings_of(service)
    assert settings is not None, service
    running.run(settings, build)


if __name__ == "__main__":
    main(sys.argv[1])
