"""A stand-in for a service or simulator: answers, writes down what it got, or dies as told."""

import http.server
import json
import os
import sys
from pathlib import Path


def _port() -> int:
    named = [value for name, value in os.environ.items() if name.endswith("_HTTP_PORT")]
    return int(named[0] if named else sys.argv[-1])


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health/ready" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        del format, args


def main() -> None:
    exit_code = os.environ.get("STAND_IN_EXIT_CODE")
    if exit_code and "STAND_IN_FOLDER" in os.environ:
        sys.stderr.write("stand-in ends as told\n")
        sys.exit(int(exit_code))
    folder = os.environ.get("STAND_IN_FOLDER")
    if folder:
        written = Path(folder) / f"{os.getpid()}.json"
        written.write_text(json.dumps(dict(os.environ)))
    with http.server.ThreadingHTTPServer(("127.0.0.1", _port()), _Handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
