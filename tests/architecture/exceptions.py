"""Where a rule is broken on purpose: rule, place, reason. One that is not needed fails."""

EXCEPTIONS: dict[tuple[str, str], str] = {
    ("prints", "shared/src/shared/settings.py::refuse"): (
        "A start that is refused says why before logging is set up."
    ),
    ("sleeps", "tests/integration/payments/test_http_provider.py::dripping"): (
        "A fake provider whose slowness is what is tested."
    ),
    ("sleeps", "tests/integration/inventory/test_inventory_races.py::_after_a_moment"): (
        "A random moment between two racers; nothing is waited for."
    ),
}
