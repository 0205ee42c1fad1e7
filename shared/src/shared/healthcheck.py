"""``python -m shared.healthcheck``: exit 0 when the server of this container is ready.

Asks ``/health/ready`` on loopback, at ``HEALTHCHECK_PORT`` or 8000. It runs every few seconds in
every container, where starting is all that it costs: of HTTP/1.1 (RFC 9112) it speaks what it
needs, because ``http.client`` takes three times as long to import as the rest takes to run.
"""

import os
import socket
import sys

PORT = "8000"
TIMEOUT_S = 2.0
REQUEST = b"GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
STATUS_LINE_BYTES_MAX = 1024


def reason(port: int) -> str | None:
    """Why the server is not ready; None when it is."""
    try:
        with socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as connection:
            connection.sendall(REQUEST)
            with connection.makefile("rb") as answer:
                status_line = answer.readline(STATUS_LINE_BYTES_MAX)
    except OSError as error:
        return f"no answer: {error!r}"
    version, _, rest = status_line.partition(b" ")
    if not version.startswith(b"HTTP/1."):
        return f"no answer: {status_line!r}"
    status = rest[:3].decode("ascii", "replace")
    return None if status == "200" else f"not ready: {status}"


if __name__ == "__main__":
    sys.exit(reason(int(os.environ.get("HEALTHCHECK_PORT", PORT))))
