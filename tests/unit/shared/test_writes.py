"""Statements that are run as one: their parameters, and what may not be in one."""

from typing import Any

from shared.database.writes import Writes, join


class Heard:
    """A connection that notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[Any, ...]]] = []

    async def execute(self, query: str, /, *args: Any) -> None:
        self.asked.append((query, args))


def writes() -> tuple[Writes, Heard]:
    heard = Heard()
    db: Any = heard
    return Writes(db), heard


async def test_all_statements_go_at_once_each_with_its_arguments() -> None:
    some, heard = writes()

    await some.execute("INSERT INTO a SELECT $1, $2", 1, 2)
    await some.execute("UPDATE b SET c = $2 WHERE d = $1", 3, 4)
    await some.execute("DELETE FROM e")

    assert heard.asked == []
    await some.run()
    await some.run()
    joined = (
        "WITH w0 AS (INSERT INTO a SELECT $1, $2), w1 AS (UPDATE b SET c = $4 WHERE d = $3), "
        "w2 AS (DELETE FROM e) SELECT"
    )
    assert heard.asked == [(joined, (1, 2, 3, 4))]


async def test_a_single_statement_stays_as_it_is() -> None:
    some, heard = writes()

    await some.execute("INSERT INTO a SELECT $1", 1)
    await some.run()

    assert heard.asked == [("INSERT INTO a SELECT $1", (1,))]


async def test_the_same_statement_twice_may_be_about_one_row_and_does_not_go_together() -> None:
    some, heard = writes()

    await some.execute("UPDATE a SET b = b + $1", 1)
    await some.execute("UPDATE a SET b = b + $1", 2)
    await some.run()

    assert [args for _, args in heard.asked] == [(1,), (2,)]


def test_a_parameter_of_two_digits_is_one() -> None:
    assert join(("SELECT $1, $12", "SELECT $1, $12"), (12, 12)) == (
        "WITH w0 AS (SELECT $1, $12), w1 AS (SELECT $13, $24) SELECT"
    )
