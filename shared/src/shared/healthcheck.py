"""``python -m shared.healthcheck``: exit 0 when the server of this container is ready.

Asks ``/health/ready`` on loopback, at ``HEALTHCHECK_PORT`` or 8000. It runs every few seconds in
every container, so it imports nothing but the standard library.
"""

import os
import sys
from http.client import HTTPConnection, HTTPException

PORT = "8000"
TIMEOUT_S = 2.0


def reason(port: int) -> str | None:
    """Why the server is not ready; None when it is."""
    connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/health/ready")
        answer = connection.getresponse()
        return None if answer.status == 200 else f"not ready: {answer.status}"
    except (OSError, HTTPException) as error:
        return f"no answer: {error!r}"
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(reason(int(os.environ.get("HEALTHCHECK_PORT", PORT))))
