"""Errors are RFC 9457 problem documents, and tell nothing of our insides."""

import json
from typing import Any

import asyncpg
import pytest
from fastapi import FastAPI, Response
from shared.contracts.storefront import SubmittedLine
from shared.http import problem
from shared.http.problem import Problem, not_found, unavailable, validation_failed
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Route


def document(response: Response) -> dict[str, Any]:
    assert response.media_type == "application/problem+json"
    found = json.loads(bytes(response.body))
    assert isinstance(found, dict)
    return found


async def answered(error: Exception) -> Response:
    """What an app would answer to ``error``, by the nearest of its handlers."""
    app = FastAPI(routes=[Route("/v1/orders/1", lambda _: Response(), methods=["PUT"])])
    problem.install(app)
    scope = {"type": "http", "method": "GET", "path": "/v1/orders/1", "headers": [], "app": app}
    nearest = next(one for one in type(error).__mro__ if one in app.exception_handlers)
    answer = app.exception_handlers[nearest](Request(scope), error)
    assert not isinstance(answer, Response)
    return await answer


def test_a_problem_names_itself() -> None:
    error = Problem(409, "illegal-transition", "It was shipped.", current_status="shipped")

    assert document(error.response()) == {
        "type": "urn:problem:illegal-transition",
        "title": "Illegal transition",
        "status": 409,
        "detail": "It was shipped.",
        "current_status": "shipped",
    }


def test_errors_of_members_are_listed_with_their_pointers() -> None:
    errors = [{"pointer": "/lines/0/sku", "detail": "too long"}]
    error = Problem(422, "validation-failed", "…", errors=errors)

    assert document(error.response())["errors"] == errors


def test_a_problem_without_member_errors_has_no_empty_list() -> None:
    assert "errors" not in document(not_found("No such order.").response())


def test_what_may_be_tried_again_says_when() -> None:
    response = unavailable().response()

    assert response.status_code == 503
    assert int(response.headers["retry-after"]) > 0


def test_text_is_written_as_utf8() -> None:
    response = not_found("Keine Bestellung für Müller.").response()

    assert "Müller".encode() in bytes(response.body)


@pytest.mark.parametrize(
    ("error", "status", "name"),
    [
        (Problem(400, "invalid-cursor", "…"), 400, "invalid-cursor"),
        (HTTPException(404), 404, "not-found"),
        (HTTPException(405, headers={"Allow": "GET"}), 405, "method-not-allowed"),
        (ConnectionRefusedError(), 503, "unavailable"),
        (TimeoutError(), 503, "unavailable"),
        (asyncpg.ConnectionDoesNotExistError("secret"), 503, "unavailable"),
        (asyncpg.DeadlockDetectedError("secret"), 503, "unavailable"),
        (asyncpg.CannotConnectNowError("secret"), 503, "unavailable"),
        (asyncpg.ReadOnlySQLTransactionError("secret"), 503, "unavailable"),
        (asyncpg.UndefinedTableError("secret_table"), 500, "internal-error"),
        (ZeroDivisionError("secret detail"), 500, "internal-error"),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, Exception) else None,
)
async def test_every_error_becomes_a_problem(error: Exception, status: int, name: str) -> None:
    response = await answered(error)

    assert response.status_code == status
    assert document(response)["type"] == f"urn:problem:{name}"
    assert b"secret" not in bytes(response.body)


async def test_a_refused_method_says_which_are_allowed() -> None:
    response = await answered(HTTPException(405, headers={"Allow": "GET"}))

    assert response.headers["allow"] == "PUT"


def test_a_body_of_another_shape_points_at_its_members() -> None:
    with pytest.raises(ValueError) as caught:
        SubmittedLine.model_validate({"sku": "", "quantity": 1, "unit_price_minor": 1})
    found = document(validation_failed(caught.value).response())  # type: ignore[arg-type]

    assert found["status"] == 422
    assert [one["pointer"] for one in found["errors"]] == ["/sku"]
