"""Where a rule is broken on purpose: rule, place, reason. One that is not needed fails."""

COMMANDS = "deploy/local/src/local_runtime/commands"

EXCEPTIONS: dict[tuple[str, str], str] = {
    ("prints", "shared/src/shared/settings.py::refuse"): (
        "A start that is refused says why before logging is set up."
    ),
    ("table_is_not_first", "services/console/src/console/app.py"): (
        "The console records every event alike: there is no table of handlers."
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
    ("many_parameters", f"{COMMANDS}/prove.py::prove"): (
        "A command's parameters are its options: the record that names them is the help."
    ),
    ("many_parameters", f"{COMMANDS}/replay.py::replay"): (
        "A command's parameters are its options: the record that names them is the help."
    ),
    ("many_parameters", f"{COMMANDS}/partners.py::add"): (
        "A command's parameters are its options: the record that names them is the help."
    ),
    ("many_parameters", f"{COMMANDS}/partner_endpoints.py::add"): (
        "A command's parameters are its options: the record that names them is the help."
    ),
    ("many_parameters", f"{COMMANDS}/partner_deliveries.py::deliveries"): (
        "A command's parameters are its options: the record that names them is the help."
    ),
    ("many_parameters", f"{COMMANDS}/partner_deliveries.py::replay"): (
        "A command's parameters are its options: the record that names them is the help."
    ),
    ("sleeps", "tests/integration/notifications/test_send_mail.py::eventually"): (
        "Polls for a condition with a deadline."
    ),
    ("sleeps", "tests/unit/simulators/clients.py::eventually"): (
        "Polls for a condition with a deadline."
    ),
    (
        "sleeps",
        "tests/integration/payments/test_http_provider.py"
        "::test_a_charge_without_a_clear_answer_is_unknown_and_found_later",
    ): ("The pause is the fault or the load itself; nothing is waited for."),
    ("sleeps", "tests/integration/payments/test_storm.py::Storm._stall"): (
        "The pause is the fault or the load itself; nothing is waited for."
    ),
    ("sleeps", "tests/integration/payments/test_storm.py::forever"): (
        "The pause is the fault or the load itself; nothing is waited for."
    ),
    ("sleeps", "tests/integration/payments/test_storm.py::the_shop_is_open"): (
        "The pause is the fault or the load itself; nothing is waited for."
    ),
    ("sleeps", "tests/integration/payments/test_storm.py::all_is_quiet"): (
        "Polls for a condition with a deadline."
    ),
    (
        "sleeps",
        "tests/unit/simulators/test_mail_sink.py"
        "::test_a_client_that_leaves_during_the_delay_has_sent_nothing",
    ): ("The pause is the fault or the load itself; nothing is waited for."),
    (
        "sleeps",
        "tests/unit/simulators/test_tokens.py::test_slow_answers_late_and_holds_its_key_meanwhile",
    ): ("The pause is the fault or the load itself; nothing is waited for."),
}
