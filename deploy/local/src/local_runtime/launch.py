"""What is started beside Kafka and PostgreSQL, with which addresses and variables."""

import asyncio
import base64
import json
import os
import secrets
from collections.abc import Mapping

from local_runtime.config import CONSOLE, StackConfig
from local_runtime.databases import create_service_databases
from local_runtime.endpoints import Addresses
from local_runtime.fork_server import ForkServer
from local_runtime.paths import RunDir, topics_file
from local_runtime.ports import HOST, PortBook
from local_runtime.processes import Command
from local_runtime.programs import Program, default_command, service_environment, simulator
from local_runtime.runtimes.base import Backing, PartnerKafka, Stopwatch
from local_runtime.sealing import sealing_key
from local_runtime.topics import apply_topics, read_topics

FIRST_PORTS = {
    "orders": 8100,
    "payments": 8200,
    "inventory": 8300,
    "notifications": 8400,
    CONSOLE: 8000,
}
_OTHER_SERVICES_FROM = 8600
_SEALING_VARIABLE = "NOTIFICATIONS_PARTNER_SECRETS_KEY"
_PROVIDER_PORT, _SMTP_PORT, _MAIL_PORT = 8500, 8525, 8526
_EVENTS_PATH = "/v1/provider-events/provider"
_SECRET_BYTES = 32


class Launch:
    """The programs of one stack and their addresses, which stay the same across restarts."""

    def __init__(
        self, config: StackConfig, run_dir: RunDir, ports: PortBook, stopwatch: Stopwatch
    ) -> None:
        self._config = config
        self._run_dir = run_dir
        self._stopwatch = stopwatch
        self.forks = ForkServer(run_dir.log("fork-server"))
        self._ports = {
            service: [
                ports.take(FIRST_PORTS.get(service, _OTHER_SERVICES_FROM) + number)
                for number in range(1 if service == CONSOLE else config.instances)
            ]
            for service in config.services
        }
        self._smtp_port = ports.take(_SMTP_PORT)
        self._caller = {**self._traces(), **os.environ, **config.environment}
        self._databases: dict[str, str] = {}
        self._kafka = ""
        self._partner_kafka: PartnerKafka | None = None
        self._provider = self._provider_variables()
        self.simulators = [
            self._simulator("provider", {"port": ports.take(_PROVIDER_PORT)}, self._provider),
            self._simulator(
                "mail", {"smtp-port": self._smtp_port, "http-port": ports.take(_MAIL_PORT)}, {}
            ),
        ]
        self.services: list[Program] = []

    @property
    def programs(self) -> list[Program]:
        """Simulators and service instances."""
        return [*self.simulators, *self.services]

    @property
    def addresses(self) -> Addresses:
        """Where the servers are; a service is met at its first instance."""
        provider, mail = self.simulators
        return Addresses(
            kafka=self._kafka,
            provider=provider.url,
            smtp=f"{HOST}:{self._smtp_port}",
            mail=mail.url,
            databases=self._databases,
            services={
                name: f"http://{HOST}:{instances[0]}" for name, instances in self._ports.items()
            },
            partner_kafka=self._partner_kafka,
        )

    async def prepare(self, backing: Backing) -> tuple[str, ...]:
        """Make topics and databases; return how live topics differ from the file."""
        config = self._config
        wanted = read_topics(topics_file(), config.topics_profile, config.topic_prefix)
        with self._stopwatch.stage("topics and databases"):
            applied, databases = await asyncio.gather(
                apply_topics(backing.kafka, wanted),
                create_service_databases(
                    backing.postgres_admin_dsn,
                    self._config.services,
                    self._config.database_prefix,
                ),
            )
        self._databases = databases
        return tuple(str(difference) for difference in applied.differences)

    async def spawn(self, backing: Backing) -> None:
        """Start every simulator and instance without waiting for its answer."""
        self._kafka = backing.kafka
        self._partner_kafka = backing.partner_kafka
        self.services = [
            self._service(service, number, port)
            for service, instances in self._ports.items()
            for number, port in enumerate(instances)
        ]
        await self.forks.ready()
        for program in self.programs:
            await program.spawn()

    def _traces(self) -> dict[str, str]:
        """Where spans go when nobody says otherwise: the console shows them with their orders."""
        if CONSOLE not in self._ports:
            return {}
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{HOST}:{self._ports[CONSOLE][0]}"}

    def _provider_variables(self) -> dict[str, str]:
        """What the provider keeps, whom it tells, and how it signs; the caller's come first.

        An empty ``PROVIDER_WEBHOOK_URL`` keeps it silent.
        """
        payments = self._ports.get("payments")
        made = {
            "PROVIDER_BOOK": str(self._run_dir.provider_book),
            "PROVIDER_WEBHOOK_URL": (
                f"http://{HOST}:{payments[0]}{_EVENTS_PATH}" if payments else ""
            ),
            "PROVIDER_WEBHOOK_SECRET": "whsec_"
            + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode(),
        }
        return {name: self._caller.get(name, value) for name, value in made.items()}

    def _simulator(
        self, group: str, ports: Mapping[str, int], variables: Mapping[str, str]
    ) -> Program:
        argv = self._config.commands.get(group) or default_command(group)
        env = {**self._caller, **variables}
        return simulator(group, argv, ports, self._run_dir.log(group), env, self.forks)

    def _service(self, service: str, number: int, port: int) -> Program:
        name = f"{service}-{number}"
        argv = self._config.commands.get(service) or default_command(service)
        given = {
            "DATABASE_URL": self._databases[service],
            "KAFKA_BOOTSTRAP": self._kafka,
            "HTTP_HOST": HOST,
            "HTTP_PORT": str(port),
            "INSTANCE_NAME": name,
            "TOPIC_PREFIX": self._config.topic_prefix,
            **self._outside_addresses(service),
        }
        env = service_environment(service, given, self._caller)
        command = Command(list(argv), self._run_dir.log(name), env)
        return Program(name, service, port, command, self.forks)

    def _outside_addresses(self, service: str) -> dict[str, str]:
        match service:
            case "payments":
                usual = self.simulators[0].url
                return {
                    "PROVIDER_URL": self._caller.get("PAYMENTS_PROVIDER_URL", usual),
                    "PROVIDER_WEBHOOK_SECRETS": self._provider["PROVIDER_WEBHOOK_SECRET"],
                }
            case "notifications":
                key = sealing_key(self._run_dir.sealing_key)
                return {
                    "SMTP_HOST": HOST,
                    "SMTP_PORT": str(self._smtp_port),
                    "PARTNER_SECRETS_KEY": self._caller.get(_SEALING_VARIABLE, key),
                }
            case "console":
                return self._console_addresses()
            case _:
                return {}

    def _console_addresses(self) -> dict[str, str]:
        """Every instance of every other service, and what is simulated here."""
        provider, mail = self.simulators
        urls = {
            f"{name.upper()}_URLS": json.dumps([f"http://{HOST}:{port}" for port in ports])
            for name, ports in self._ports.items()
            if name != CONSOLE
        }
        return {
            **urls,
            "MAILBOX_URL": f"{mail.url}/messages",
            "PROVIDER_URL": provider.url,
            "LOG_DIR": str(self._run_dir.logs),
        }
