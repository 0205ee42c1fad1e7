"""What a stack consists of and where it lives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from local_runtime.paths import DEFAULT_RUN_DIR
from local_runtime.restarts import RestartLimits
from local_runtime.runtimes.server import READY_TIMEOUT_S

SERVICES = ("orders", "payments", "inventory", "notifications")
CONSOLE = "console"
WITH_CONSOLE = (*SERVICES, CONSOLE)


@dataclass(frozen=True)
class StackConfig:
    """What to run.

    ``environment`` is added to every service's variables; ``commands`` replaces what starts
    a service or simulator, by its name; ports that are not fixed are any free ones;
    ``topics_profile`` says how many partitions and replicas the topics get; with
    ``partner_listener`` Kafka has a second listener, for partners: TLS, SCRAM and ACLs.
    """

    run_dir: Path = DEFAULT_RUN_DIR
    instances: int = 1
    services: Sequence[str] = SERVICES
    topic_prefix: str = ""
    topics_profile: str = "local"
    partner_listener: bool = False
    database_prefix: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    commands: Mapping[str, Sequence[str]] = field(default_factory=dict)
    fixed_ports: bool = True
    restart_limits: RestartLimits = field(default_factory=RestartLimits)
    ready_timeout_s: float = READY_TIMEOUT_S
