"""Where webhooks may go: https to the public internet, and to networks that were named."""

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

URL_LENGTH_MAX = 1000
PORTS = frozenset({443, 8443})
DEFAULT_PORTS = {"http": 80, "https": 443}

# Narrower than RFC 3986, so that no two readers of it find two hosts.
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])"
    r"(?::(?P<port>[0-9]{1,5}))?(?:/[!$-;=?-\[\]_a-z~]*)?"
)
_LOOKS_LIKE_A_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0[xX][0-9A-Fa-f]*)")
# IANA's special-purpose registries, as far as ``is_global`` does not know them in every release.
_IPV6_UNICAST = IPv6Network("2000::/3")
_NOT_PUBLIC: tuple[Network, ...] = tuple(
    ipaddress.ip_network(one)
    for one in (
        "192.0.0.0/24",
        "192.88.99.0/24",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
    )
)


class ForbiddenDestination(ValueError):
    """Why nothing is sent there, in words for whoever named it."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A host to resolve, or the ``address`` that it is; ``plain`` without TLS."""

    host: str
    port: int
    address: Address | None
    plain: bool


def destination_of(url: str) -> Destination:
    """Take ``url`` apart. Raises ``ForbiddenDestination`` for what could be read in two ways."""
    found = _URL.fullmatch(url) if len(url) <= URL_LENGTH_MAX else None
    if found is None:
        raise ForbiddenDestination(
            "Give an https URL of at most 1000 plain ASCII characters, with a host name or an "
            "address, and without a user, a password or a fragment."
        )
    host, port = found["host"], int(found["port"] or DEFAULT_PORTS[found["scheme"]])
    if not 0 < port < 65536:
        raise ForbiddenDestination("That is no port.")
    return Destination(host.strip("[]"), port, _literal(host), found["scheme"] == "http")


def without_secrets(url: str) -> str:
    """``url`` as others than its owner may see it: no user, and no query, where tokens are put."""
    scheme, _, rest = url.partition("#")[0].partition("?")[0].partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"


def refuse_addresses(
    destination: Destination, addresses: Collection[Address], named: Collection[Network]
) -> None:
    """Raises ``ForbiddenDestination`` unless every address is public or in a ``named`` network.

    Without TLS, and to other ports than 443 and 8443, only named networks are called.
    """
    for address in addresses:
        if any(address in network for network in named if network.version == address.version):
            continue
        if destination.plain:
            raise ForbiddenDestination("Only https is called.")
        if destination.port not in PORTS:
            raise ForbiddenDestination("Only the ports 443 and 8443 are called.")
        if not is_public(address):
            raise ForbiddenDestination("That is not an address of the public internet.")


def is_public(address: Address) -> bool:
    """Globally reachable unicast: no private, shared, local, mapped or translated address."""
    if any(address in one for one in _NOT_PUBLIC if one.version == address.version):
        return False
    if isinstance(address, IPv6Address):
        return address in _IPV6_UNICAST and address.is_global
    return address.is_global and not address.is_multicast and not address.is_reserved


def _literal(host: str) -> Address | None:
    """The address that ``host`` is, strictly; a name is None."""
    try:
        if host.startswith("["):
            return IPv6Address(host[1:-1])
        if _LOOKS_LIKE_A_NUMBER.fullmatch(host):
            return IPv4Address(host)
    except ValueError:
        raise ForbiddenDestination("Write an address in its usual form.") from None
    return None
