"""What a partner who was let in to Kafka needs: a user, a password, and consumers that work."""

import os
import shlex
from dataclasses import dataclass, field
from pathlib import Path

from shared.contracts import topics

PASSWORD_VARIABLE = "KAFKA_PASSWORD"  # noqa: S105
_GROUP = "warehouse"
_SAMPLES = "docs/partners"
# The password is read from the environment, so this file has no secret.
_PROPERTIES = """\
bootstrap.servers={bootstrap}
security.protocol=SASL_SSL
sasl.mechanism=SCRAM-SHA-512
config.providers=env
config.providers.env.class=org.apache.kafka.common.config.provider.EnvVarConfigProvider
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \
username="{username}" password="${{env:{variable}}}";
ssl.truststore.type=PEM
ssl.truststore.location={ca_file}
group.id={group}
auto.offset.reset=earliest
enable.auto.commit=false
isolation.level=read_committed
"""


@dataclass(frozen=True)
class KafkaAccess:
    """How one partner reaches Kafka."""

    bootstrap: str
    ca_file: str
    username: str
    password: str = field(repr=False)
    group_prefix: str
    topic: str

    @property
    def group(self) -> str:
        """A group that the partner may use."""
        return self.group_prefix + _GROUP


def consumers(access: KafkaAccess) -> dict[str, str]:
    """A command for each sample, by its language; each reads the password from the environment.

    The samples for Java and kcat follow the topic by its usual name, and have no command where
    it has another.
    """
    places = (access.bootstrap, access.username, access.ca_file, access.group)
    python = ["python3", f"{_SAMPLES}/follow_fulfilment.py", "--bootstrap", access.bootstrap]
    python += ["--username", access.username, "--ca-file", access.ca_file, "--group", access.group]
    if access.topic != topics.FULFILMENT:
        return {"Python": shlex.join([*python, "--topic", access.topic])}
    jars = "kafka-clients.jar:slf4j-api.jar:zstd-jni.jar"
    java = ["java", "-cp", jars, f"{_SAMPLES}/FollowFulfilment.java", *places]
    kcat = ["bash", f"{_SAMPLES}/follow-fulfilment.sh", *places]
    return {"Python": shlex.join(python), "Java": shlex.join(java), "kcat": shlex.join(kcat)}


def java_properties(access: KafkaAccess) -> str:
    """Settings of Kafka's own Java clients and tools."""
    return _PROPERTIES.format(
        bootstrap=access.bootstrap,
        username=access.username,
        variable=PASSWORD_VARIABLE,
        ca_file=access.ca_file,
        group=access.group,
    )


def write_password(access: KafkaAccess, file: Path) -> None:
    """A file for the shell to read, which nobody else can. Raises ``FileExistsError``."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(f"export {PASSWORD_VARIABLE}={shlex.quote(access.password)}\n")


def as_text(access: KafkaAccess) -> str:
    """All of it for whoever sees it this once, with the password."""
    lines = [
        f"user           {access.username}",
        f"password       {access.password}",
        f"servers        {access.bootstrap}",
        f"authority      {access.ca_file}",
        f"topic          {access.topic}",
        f"groups         {access.group_prefix}…",
        "",
        f"The password is shown this once. Every consumer reads it from {PASSWORD_VARIABLE}:",
        "",
        f"  read -rs {PASSWORD_VARIABLE} && export {PASSWORD_VARIABLE}",
    ]
    return "\n".join([*lines, *(f"  {command}" for command in consumers(access).values())])
