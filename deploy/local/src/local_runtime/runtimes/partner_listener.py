"""The broker's second door, for partners: over TLS, by SCRAM-SHA-512, and only what ACLs allow."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local_runtime.ports import HOST
from local_runtime.runtimes.certificates import ensure_certificate

_NAME = "PARTNERS"
_MECHANISM = "SCRAM-SHA-512"


@dataclass(frozen=True)
class PartnerListener:
    """One broker's listener; all brokers of a cluster share the certificate in ``folder``."""

    port: int
    folder: Path

    @property
    def bootstrap(self) -> str:
        """The address for partners' clients."""
        return f"{HOST}:{self.port}"

    @property
    def ca_file(self) -> Path:
        """What their clients trust."""
        return self.folder / "ca.pem"

    def prepare(self) -> None:
        """Make the certificate, unless there is one."""
        ensure_certificate(self.ca_file, self._keystore)

    def added_to(self, settings: Mapping[str, str]) -> dict[str, str]:
        """The broker's settings with this listener, and an authorizer for all of them."""
        own = f"listener.name.{_NAME.lower()}."
        where = f",{_NAME}://{self.bootstrap}"
        login = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        protocols = "listener.security.protocol.map"
        return {
            **settings,
            "listeners": settings["listeners"] + where,
            "advertised.listeners": settings["advertised.listeners"] + where,
            protocols: f"{settings[protocols]},{_NAME}:SASL_SSL",
            f"{own}sasl.enabled.mechanisms": _MECHANISM,
            f"{own}{_MECHANISM.lower()}.sasl.jaas.config": login,
            f"{own}ssl.keystore.type": "PEM",
            f"{own}ssl.keystore.location": str(self._keystore),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "allow.everyone.if.no.acl.found": "false",
            # Local only. Our services, the brokers among themselves and the controller come over
            # the plaintext listeners, which are bound to loopback and ask nobody for a name: who
            # reaches them could do everything before there was an authorizer, and still can.
            # Partners' listener knows its clients by name, and none of them is this one. On a
            # real cluster every client has a name, and ANONYMOUS no right at all.
            "super.users": "User:ANONYMOUS",
        }

    @property
    def _keystore(self) -> Path:
        return self.folder / "server.pem"
