"""Reads JSON bodies strictly and words refusals: shared by the simulators' HTTP sides."""

import json
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

Body = TypeVar("Body", bound=BaseModel)


async def read_body(request: web.Request, model: type[Body]) -> Body:
    try:
        return model.model_validate_json(await request.read() or b"{}")
    except ValidationError as error:
        malformed = error.errors()[0]["type"] == "json_invalid"
        raise refusal(400 if malformed else 422, "invalid-request", problems(error)) from None


async def read_changes(request: web.Request, start: Body) -> Body:
    """The state at the start with the members of the body in place of its own."""
    asked = await read_body(request, type(start))
    return type(start).model_validate(
        start.model_dump() | asked.model_dump(exclude_unset=True), strict=True
    )


def problems(error: ValidationError) -> list[str]:
    """Where and why, never the value: it might be a card number."""
    return [
        f"/{'/'.join(map(str, problem['loc']))}: {problem['type']}"
        for problem in error.errors(include_input=False, include_url=False)
    ]


def refusal(http_status: int, error: str, detail: list[str] | None = None) -> web.HTTPException:
    body: dict[str, object] = {"error": error}
    if detail:
        body["detail"] = detail
    exception_class = REFUSALS[http_status]
    return exception_class(text=json.dumps(body), content_type="application/json")


REFUSALS: dict[int, type[web.HTTPException]] = {
    400: web.HTTPBadRequest,
    404: web.HTTPNotFound,
    409: web.HTTPConflict,
    422: web.HTTPUnprocessableEntity,
}
