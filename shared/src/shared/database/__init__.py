"""Connections and migrations."""

from typing import TypeAlias

from asyncpg import Connection, Record
from asyncpg.pool import PoolConnectionProxy

Db: TypeAlias = "Connection[Record] | PoolConnectionProxy[Record]"
"""A connection, of a pool or of its own."""

__all__ = ["Db"]
