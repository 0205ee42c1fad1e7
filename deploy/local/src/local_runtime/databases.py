"""One database and one role per service in a running PostgreSQL."""

import asyncio
from collections.abc import Sequence
from urllib.parse import unquote, urlsplit, urlunsplit

import asyncpg

from local_runtime.config import SERVICES


def service_dsn(admin_dsn: str, database: str, owner: str) -> str:
    """The address of ``database`` for the role that owns it, with the admin's password."""
    parts = urlsplit(admin_dsn)
    host = parts.netloc.rpartition("@")[2]
    user = owner if parts.password is None else f"{owner}:{parts.password}"
    return urlunsplit(parts._replace(netloc=f"{user}@{host}", path=f"/{database}"))


async def create_database(admin_dsn: str, name: str, owner: str) -> str:
    """Make the role and its database where they are missing; return the owner's address."""
    connection = await asyncpg.connect(admin_dsn)
    try:
        await _create_role(connection, owner, urlsplit(admin_dsn).password)
        await _create_database(connection, name, owner)
    finally:
        await connection.close()
    return service_dsn(admin_dsn, name, owner)


async def drop_database(admin_dsn: str, name: str) -> None:
    """Remove the database and end every session on it."""
    connection = await asyncpg.connect(admin_dsn)
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)")
    finally:
        await connection.close()


async def create_service_databases(
    admin_dsn: str, services: Sequence[str] = SERVICES, prefix: str = ""
) -> dict[str, str]:
    """A database ``<prefix><service>`` per service, owned by the service's role."""
    made = await asyncio.gather(
        *(create_database(admin_dsn, prefix + service, service) for service in services)
    )
    return dict(zip(services, made, strict=True))


async def _create_role(connection: asyncpg.Connection, owner: str, password: str | None) -> None:
    if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", owner):
        await _ignoring_a_twin(connection, f"CREATE ROLE {_quoted(owner)} LOGIN NOSUPERUSER")
    if password is not None:
        literal = await connection.fetchval("SELECT quote_literal($1)", unquote(password))
        await connection.execute(f"ALTER ROLE {_quoted(owner)} PASSWORD {literal}")


async def _create_database(connection: asyncpg.Connection, name: str, owner: str) -> None:
    if await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
        return
    if not await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        # An administrator that is no superuser gives databases only to roles it belongs to.
        await connection.execute(f"GRANT {_quoted(owner)} TO CURRENT_USER")
    made = f"CREATE DATABASE {_quoted(name)} OWNER {_quoted(owner)}"
    await _ignoring_a_twin(connection, made)
    await connection.execute(f"REVOKE CONNECT ON DATABASE {_quoted(name)} FROM PUBLIC")


async def _ignoring_a_twin(connection: asyncpg.Connection, statement: str) -> None:
    try:
        await connection.execute(statement)
    except (
        asyncpg.DuplicateObjectError,
        asyncpg.DuplicateDatabaseError,
        asyncpg.UniqueViolationError,
    ):
        # Another session made it between our look and our statement.
        return


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
