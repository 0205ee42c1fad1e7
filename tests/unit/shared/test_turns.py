"""Turns: one at a time for each key, and nothing kept of those that are over."""

import asyncio

import pytest
from shared.http.guards import Bounded
from shared.turns import TurnNotCome, Turns
from starlette.types import Message, Receive, Scope, Send


async def test_a_key_is_held_by_one_at_a_time() -> None:
    turns, holders, most = Turns(), 0, 0

    async def one(key: str) -> None:
        nonlocal holders, most
        async with turns.take(key, 5):
            holders += 1
            most = max(most, holders)
            await asyncio.sleep(0)
            holders -= 1

    await asyncio.gather(*(one("a") for _ in range(50)))

    assert most == 1


async def test_other_keys_do_not_wait() -> None:
    turns = Turns()
    async with turns.take("a", 0.01), turns.take("b", 0.01):
        pass


async def test_who_waits_too_long_gives_up_and_harms_nobody() -> None:
    turns = Turns()
    async with turns.take("a", 1):
        with pytest.raises(TurnNotCome):
            async with turns.take("a", 0.01):
                pass
    async with turns.take("a", 0.01):
        pass


async def test_a_turn_ends_with_a_failure_too() -> None:
    turns = Turns()
    with pytest.raises(ZeroDivisionError):
        async with turns.take("a", 1):
            raise ZeroDivisionError
    async with turns.take("a", 0.01):
        pass


async def test_writes_beyond_the_limit_are_answered_at_once() -> None:
    go_on, at_work = asyncio.Event(), asyncio.Semaphore(0)

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        at_work.release()
        await go_on.wait()

    app = Bounded(slow, writes_max=2)
    two = [asyncio.create_task(app(_scope("POST"), _nothing, _ignore)) for _ in range(2)]
    await at_work.acquire()
    await at_work.acquire()

    answered = await _status(app, "POST")
    reading = asyncio.create_task(app(_scope("GET"), _nothing, _ignore))
    await at_work.acquire()

    assert answered == (503, {b"retry-after": b"1"})
    go_on.set()
    await asyncio.gather(*two, reading)
    await app(_scope("POST"), _nothing, _ignore)


def _scope(method: str) -> Scope:
    return {"type": "http", "method": method, "path": "/", "headers": []}


async def _nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _ignore(_: Message) -> None:
    pass


async def _status(app: Bounded, method: str) -> tuple[int, dict[bytes, bytes]]:
    sent: list[Message] = []

    async def keep(message: Message) -> None:
        sent.append(message)

    await app(_scope(method), _nothing, keep)
    headers = dict(sent[0]["headers"])
    return sent[0]["status"], {b"retry-after": headers[b"retry-after"]}
