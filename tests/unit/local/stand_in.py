"""A stand-in for a service or simulator: answers on its port, or dies as told."""

import http.server
import os
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    """Ready from the first moment, and silent."""

    def do_GET(self) -> None:
        """Say 200 to the readiness path, 404 to all else."""
        self.send_response(200 if self.path == "/health/ready" else 404)
        self.end_headers()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""


def main() -> None:
    """Serve until killed; end at once when the environment says with what code."""
    code = os.environ.get("STAND_IN_EXIT_CODE")
    if code is not None:
        sys.exit(f"the stand-in says why\n{code}") if code == "1" else sys.exit(int(code))
    named = [value for name, value in os.environ.items() if name.endswith("_HTTP_PORT")]
    port = int(named[0] if named else sys.argv[-1])
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
