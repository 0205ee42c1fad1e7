"""Nothing is asked of a service that is not written down, and what came of it is told anyway."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from console import audit
from console.backends import NOWHERE, UNREACHED, Answer, Backends
from console.board import Board
from console.jobs import JOBS_MAX, Job
from console.pages.actions import UNKNOWN, Act, Group, act, not_done, redrive_group
from console.pages.local import Fault, set_fault
from console.pages.partner_actions import PartnerAct
from console.pages.partner_actions import act as act_for_partner
from console.streams import Streams
from shared.http.problem import Problem
from shared.service import Running

from tests.support.in_process import app_of, client_of

RETRY = {"action": "retry", "service": "payments", "target": "7", "order_id": "ord_1"}
GROUP = {"service": "payments", "reason": "handler-failed"}
REPLAY = {"action": "replay", "partner": "acme", "target": "whe_1", "event_id": "evt_1"}
FAULT = {"simulator": "provider", "kind": "error_percent", "percent": "40"}
FORMS = [
    ("/actions", RETRY),
    ("/actions/groups", GROUP),
    ("/actions/partners", REPLAY),
    ("/faults", FAULT),
]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What services were asked for."""
    calls: list[str] = []

    async def answer(_: Backends, method: str, service: str, path: str, *more: Any) -> Answer:
        calls.append(f"{method} {service}{path}")
        return Answer(200, {})

    async def answer_at(_: Backends, url: str | None, body: Any) -> Answer:
        calls.append(f"POST {url}")
        return Answer(200, {})

    monkeypatch.setattr(Backends, "_act", answer)
    monkeypatch.setattr(Backends, "post_at", answer_at)
    return calls


async def status(path: str, form: Mapping[str, str]) -> int:
    async with client_of(app_of("console")) as client:
        answer = await client.post(path, data=dict(form), headers={"Host": "127.0.0.1"})
    return answer.status_code


@pytest.mark.parametrize(("path", "form"), FORMS)
async def test_what_cannot_be_written_down_is_not_asked_for(
    asked: list[str], path: str, form: Mapping[str, str]
) -> None:
    assert await status(path, form) == 503, "the database is away"
    assert asked == []


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/actions", {**RETRY, "order_id": "a\0b"}),
        ("/actions", {**RETRY, "action": "discard", "reason": "a\0b"}),
        ("/actions/groups", {**GROUP, "reason": "a\0b"}),
        ("/actions/groups", {**GROUP, "type": "a\0b"}),
        ("/actions/partners", {**REPLAY, "event_id": "a\0b"}),
        ("/actions/partners", {**REPLAY, "order_id": "a\0b"}),
    ],
)
async def test_a_text_that_no_table_takes_is_refused(
    asked: list[str], path: str, form: Mapping[str, str]
) -> None:
    assert await status(path, form) == 422
    assert asked == []


@dataclass
class Books:
    """A database and a service; ``told`` is what they were told, in order."""

    begins: bool = True
    ends: bool = True
    told: list[Any] = field(default_factory=list)

    @property
    def running(self) -> Running:
        return cast(Running, SimpleNamespace(pool=self, clock=self))

    @property
    def backends(self) -> Backends:
        return cast(Backends, self)

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator["Books"]:
        yield self

    async def now(self, _: Any) -> datetime:
        return datetime(2026, 11, 30, tzinfo=UTC)

    async def fetchval(self, _: str, *values: Any) -> int:
        await asyncio.sleep(0)  # Others come in between, as while a database is waited for.
        if not self.begins:
            raise ConnectionRefusedError
        self.told.append(values[1:])
        return 17

    async def execute(self, _: str, *values: Any) -> None:
        if not self.ends:
            raise ConnectionRefusedError
        self.told.append(values)

    async def get(self, service: str, path: str, **query: str) -> Answer:
        return Answer(200, {"dead_letters": []})

    @property
    def settings(self) -> Any:
        return SimpleNamespace(provider_url="http://provider", mailbox_url="http://mail/messages")

    async def post_at(self, url: str | None, body: Any) -> Answer:
        self.told.append((url, body))
        return Answer(204, None)

    async def post(self, service: str, path: str, operator: str, body: Any = None) -> Answer:
        self.told.append((service, path, operator, body))
        return Answer(200, {"replayed": 1, "next_cursor": None})


async def test_an_action_is_written_down_then_asked_for_and_then_its_answer_written_down() -> None:
    books = Books()
    found = await act(books.running, books.backends, "ada", Act(**cast(Any, RETRY)))

    assert books.told == [
        ("ada", "retry", "payments", "7", "ord_1", None, audit.NOT_YET),
        ("payments", "/ops/work/7/retry", "ada", None),
        (17, 200, found["says"]),
    ]


async def test_what_is_done_about_a_partner_is_written_down_as_well() -> None:
    books = Books()
    asked = PartnerAct(**cast(Any, REPLAY))
    found = await act_for_partner(books.running, books.backends, "ada", asked)

    assert books.told[0] == (
        *("ada", "replay", "notifications", "acme/whe_1", None, "evt_1"),
        audit.NOT_YET,
    )
    assert [len(one) for one in books.told] == [7, 4, 3]
    assert books.told[2] == (17, 200, found["says"])


@pytest.mark.parametrize(
    ("asked", "target", "call"),
    [
        (FAULT, "error_percent 40", ("http://provider/faults", {"error_percent": 40.0})),
        ({**FAULT, "kind": "none"}, "none", ("http://provider/faults", {})),
        (
            {"simulator": "mail", "kind": "reject_percent", "percent": "12.5"},
            "reject_percent 12.5",
            ("http://mail/faults", {"reject_percent": 12.5}),
        ),
    ],
)
async def test_a_fault_is_written_down_before_anything_fails(
    asked: dict[str, str], target: str, call: tuple[str, Any]
) -> None:
    books = Books()
    found = await set_fault(books.running, books.backends, "ada", Fault(**cast(Any, asked)))

    assert books.told == [
        ("ada", "fault", asked["simulator"], target, None, None, audit.NOT_YET),
        call,
        (17, 204, found["says"]),
    ]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (NOWHERE, "mail has no address; nothing was done."),
        (UNREACHED, "mail cannot be reached; nothing was done."),
        (Answer(None, "TimeoutError"), UNKNOWN),
        (Answer(400, {"detail": "no such fault"}), "mail refused: no such fault"),
    ],
)
def test_why_nothing_was_done_is_told_in_words(answer: Answer, says: str) -> None:
    assert not_done("mail", answer) == says


async def begun(books: Books, board: Board, service: str = "payments") -> Job:
    asked = Group(**cast(Any, {**GROUP, "service": service}))
    return await redrive_group(books.running, books.backends, board, "ada", asked)


async def test_of_two_who_redrive_a_group_together_one_is_refused_and_not_written_down() -> None:
    books, board = Books(), Board(Streams(1))
    first, second = await asyncio.gather(
        begun(books, board), begun(books, board), return_exceptions=True
    )
    await asyncio.gather(*board.tasks)

    assert isinstance(first, Job)
    assert isinstance(second, Problem)
    assert second.status == 409
    assert [one[:2] for one in books.told] == [
        ("ada", "redrive group"),
        (17, None),
    ]


async def test_a_group_that_cannot_be_written_down_is_not_begun_and_holds_nobody_up() -> None:
    books, board = Books(begins=False), Board(Streams(1))
    with pytest.raises(ConnectionRefusedError):
        await begun(books, board)
    assert (board.jobs, board.tasks) == ({}, set())

    books.begins = True
    await begun(books, board)
    await asyncio.gather(*board.tasks)


async def test_a_redrive_that_runs_is_not_forgotten_for_later_ones() -> None:
    books, board = Books(), Board(Streams(1))
    running = Job("first", "orders", "bad-data", "ada", False, await books.now(None))
    board.jobs["first"] = running
    for _ in range(JOBS_MAX + 1):
        await begun(books, board)
        await asyncio.gather(*board.tasks)

    assert board.jobs["first"] is running
    assert len(board.jobs) == JOBS_MAX


async def test_an_answer_that_cannot_be_written_down_is_told_all_the_same() -> None:
    books = Books(ends=False)
    found = await act(books.running, books.backends, "ada", Act(**cast(Any, RETRY)))

    assert found["ok"]
    assert len(books.told) == 2
