"""Chooses TCP ports on the loopback address."""

import random
import socket

HOST = "127.0.0.1"
# Below the range from which the kernel takes ports of outgoing connections.
_FREE_FROM, _FREE_TO = 20_000, 32_000
_TRIES_MAX = 200


class NoFreePortError(RuntimeError):
    """No port could be bound on the loopback address."""


def is_free(port: int) -> bool:
    """Whether a server could listen on ``port`` now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


class PortBook:
    """Hands out each port once; a busy one moves on to the next."""

    def __init__(self, *, fixed: bool = True) -> None:
        self._fixed = fixed
        self._taken: set[int] = set()

    def take(self, preferred: int) -> int:
        """``preferred`` or the next free port; any free port when ports are not fixed."""
        for tried in range(_TRIES_MAX):
            port = preferred + tried if self._fixed else self._any()
            if port not in self._taken and is_free(port):
                self._taken.add(port)
                return port
        raise NoFreePortError(f"no free port near {preferred} on {HOST}")

    @staticmethod
    def _any() -> int:
        return random.randrange(_FREE_FROM, _FREE_TO)  # noqa: S311
