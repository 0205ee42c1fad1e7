"""The variables of a service instance, and ports that move on."""

import socket
from pathlib import Path

import pytest
from local_runtime.ports import HOST, PortBook
from local_runtime.processes import Command
from local_runtime.programs import Program, service_environment
from local_runtime.runtimes.server import plain_environment


def test_an_instance_gets_its_own_variables_and_no_other_services() -> None:
    caller = {
        "PATH": "/bin",
        "ORDERS_DEADLINE_S": "5",
        "ORDERS_HTTP_PORT": "1",
        "PAYMENTS_API_KEY": "secret",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318",
    }

    assert service_environment("orders", {"HTTP_PORT": "8100"}, caller) == {
        "PATH": "/bin",
        "ORDERS_DEADLINE_S": "5",
        "ORDERS_HTTP_PORT": "8100",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318",
        "ORDERPROOF_ENVIRONMENT": "local",
    }


def test_one_address_may_get_all_mail_unless_the_caller_says_otherwise() -> None:
    name = "NOTIFICATIONS_RECIPIENT_MAILS_PER_HOUR_MAX"

    assert service_environment("notifications", {}, {})[name] == "1000000"
    assert service_environment("notifications", {}, {name: "7"})[name] == "7"
    assert name not in service_environment("orders", {}, {})


def test_a_busy_port_moves_on() -> None:
    with socket.socket() as busy:
        busy.bind((HOST, 0))
        busy.listen()
        port = busy.getsockname()[1]

        assert PortBook().take(port) > port


def test_a_port_is_given_once() -> None:
    ports = PortBook()

    assert ports.take(28_100) != ports.take(28_100)


def test_servers_do_not_see_what_would_change_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGDATA", "elsewhere")
    monkeypatch.setenv("LC_ALL", "de_DE")

    assert not [name for name in plain_environment() if name.startswith(("PG", "KAFKA_", "LC_"))]


async def test_variables_set_later_are_those_of_the_next_start(tmp_path: Path) -> None:
    first = Command(["true"], tmp_path / "orders-0.log", {"A": "1", "B": "2"})
    program = Program("orders-0", "orders", 1, first)

    program.set_variables(B="3", C="4")

    assert (await program.command()).env == {"A": "1", "B": "3", "C": "4"}
    assert first.env == {"A": "1", "B": "2"}
