"""Where a rule is broken on purpose: rule, place, reason. One that is not needed fails."""

EXCEPTIONS: dict[tuple[str, str], str] = {
    ("prints", "shared/src/shared/settings.py::refuse"): (
        "A start that is refused says why before logging is set up."
    ),
}
