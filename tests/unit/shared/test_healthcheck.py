"""A container's health is its server's readiness, asked for without any library."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

LIBRARIES = """
import sys, shared.healthcheck
print(*(set(sys.modules) & {"pydantic", "structlog", "asyncio", "http", "email", "ssl"}))
"""


@contextmanager
def answering(status: int) -> Iterator[int]:
    """A server whose ``/health/ready`` says ``status``, and nothing else 200."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/health/ready" else 404)
            self.end_headers()

        def log_request(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def check(port: int) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "shared.healthcheck"],
        env={**os.environ, "HEALTHCHECK_PORT": str(port)},
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )


def test_a_ready_server_is_healthy() -> None:
    with answering(200) as port:
        assert check(port).returncode == 0


@pytest.mark.parametrize("status", [503, 404, 302])
def test_a_server_that_is_not_ready_is_unhealthy(status: int) -> None:
    with answering(status) as port:
        checked = check(port)

    assert checked.returncode == 1
    assert f"not ready: {status}" in checked.stderr


def test_a_server_that_does_not_answer_is_unhealthy() -> None:
    with answering(200) as port:
        pass

    assert "no answer" in check(port).stderr


def test_what_answers_otherwise_than_by_http_is_unhealthy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=lambda: server.accept()[0].close())
        thread.start()
        checked = check(server.getsockname()[1])
        thread.join()

    assert checked.returncode == 1
    assert "no answer" in checked.stderr


def test_the_check_loads_nothing_that_takes_long() -> None:
    """It is started every few seconds in every container; all of them share one part of the CPU."""
    done = subprocess.run([sys.executable, "-c", LIBRARIES], capture_output=True, text=True)

    assert (done.returncode, done.stdout.split()) == (0, [])
