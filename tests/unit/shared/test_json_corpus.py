"""Every text of JSONTestSuite has the answer it must have."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from shared.http.json_body import read_json
from shared.http.problem import Problem

from tests.support.corpora import json_texts
from tests.support.in_process import app_of, client_of, problem_of

HEADERS = {"Content-Type": "application/json", "Idempotency-Key": "k"}
TEXTS_MIN = 160


@pytest.fixture(scope="module")
async def orders() -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(app_of("orders")) as client:
        yield client


async def test_every_text_is_answered_by_its_kind(orders: httpx2.AsyncClient) -> None:
    texts = json_texts()
    assert len(texts) >= TEXTS_MIN
    wrong = {}
    for name, text in texts.items():
        answer = await orders.post("/v1/orders", content=text, headers=HEADERS)
        status, problem = problem_of(answer)
        right = {
            "n": (status, problem) == (400, "malformed-json"),
            "y": 400 <= status < 500 and problem != "malformed-json",
            "i": 400 <= status < 500,
        }
        if not right[name[0]]:
            wrong[name] = (status, problem)

    assert wrong == {}


def test_what_is_json_is_read_as_it_is() -> None:
    """The positive twin: refusing everything is no way to pass."""
    refused = {}
    for name, text in json_texts().items():
        if name.startswith("y_"):
            try:
                read_json(text)
            except Problem as problem:
                refused[name] = problem.name

    assert set(refused.values()) <= {"duplicate-member", "invalid-text"}
    assert all("duplicated" in name for name, why in refused.items() if why == "duplicate-member")
    assert all(
        "null" in name.lower() or "u+0000" in name.lower() or "escaped_control" in name
        for name, why in refused.items()
        if why == "invalid-text"
    ), refused
