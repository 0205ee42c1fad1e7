"""Where a rule is broken on purpose: rule, place, reason. One that is not needed fails."""

COMMANDS = "deploy/local/src/local_runtime/commands"

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
    ("many_parameters", f"{COMMANDS}/dead_letters.py::redrive"): (
        "A command's parameters are its options: the record that names them is the help."
    ),
    ("many_parameters", f"{COMMANDS}/dead_letters.py::discard"): (
        "A command's parameters are its options: the record that names them is the help."
    ),
}
