"""The ``orderproof`` command: its sub-commands live in ``commands``, a module each."""

from collections.abc import Callable

import typer

from local_runtime.commands.audit import audit
from local_runtime.commands.bench import bench
from local_runtime.commands.dead_letters import dead_letters
from local_runtime.commands.doctor import doctor
from local_runtime.commands.down import down
from local_runtime.commands.partners import partners
from local_runtime.commands.prove import prove
from local_runtime.commands.replay import replay
from local_runtime.commands.status import status
from local_runtime.commands.topics import topics
from local_runtime.commands.up import up
from local_runtime.demo import demo

# A command is one function, a group is a Typer of its own.
COMMANDS: dict[str, Callable[..., None]] = {
    "up": up,
    "down": down,
    "status": status,
    "doctor": doctor,
    "audit": audit,
    "demo": demo,
    "replay": replay,
    "prove": prove,
    "bench": bench,
}
GROUPS = {"topics": topics, "dead-letters": dead_letters, "partners": partners}


def build() -> typer.Typer:
    """The command line with every sub-command."""
    app = typer.Typer(
        name="orderproof",
        help="Run, look at and prove the local order system.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    for name, command in COMMANDS.items():
        app.command(name)(command)
    for name, group in GROUPS.items():
        app.add_typer(group, name=name)
    return app


def main() -> None:
    """The console script."""
    build()()
