"""A container engine with what the container tests need; they run wherever it answers."""

import json
import os
import subprocess
from typing import Any

from local_runtime.runtimes.containers import Images

PYTHON_IMAGE_VARIABLE = "ORDERPROOF_PYTHON_IMAGE"
TIMEOUT_S = 20


def unavailable() -> str | None:
    """Why the container tests cannot run here; None when they can."""
    for command in (["version"], ["compose", "version"]):
        if (problem := _failure(*command)) is not None:
            return f"`docker {' '.join(command)}` fails: {problem}"
    missing = [image for image in needed_images() if _failure("image", "inspect", image)]
    return f"the engine has no image {', '.join(missing)}" if missing else None


def needed_images() -> tuple[str, ...]:
    """What is run, and what our own images stand on."""
    images = Images.from_environment(os.environ)
    return (base_image(), images.postgres, images.kafka)


def base_image() -> str:
    return os.environ.get(PYTHON_IMAGE_VARIABLE) or "python:3.11-slim"


def docker(*arguments: str) -> str:
    """What the engine says; raises when it refuses."""
    done = _run(*arguments)
    if done.returncode:
        raise RuntimeError(f"docker {' '.join(arguments)}: {done.stderr}")
    return done.stdout


def names(*arguments: str) -> set[str]:
    """The lines of a listing."""
    return set(docker(*arguments).split())


def inspect(kind: str, name: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = json.loads(docker(kind, "inspect", name))
    return found[0]


def logs(container: str) -> str:
    """What it printed and when, to either of its outputs."""
    done = _run("logs", "--timestamps", container)
    return done.stdout + done.stderr


def _failure(*arguments: str) -> str | None:
    try:
        done = _run(*arguments)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    said = done.stderr.strip().splitlines()
    return (said[-1] if said else f"exit {done.returncode}") if done.returncode else None


def _run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=False, timeout=TIMEOUT_S
    )
