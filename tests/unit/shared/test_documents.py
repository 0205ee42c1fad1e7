"""The documents tell of every answer, and their pages load nothing from elsewhere."""

import gzip
import json
import re
import tomllib
from collections.abc import Iterator
from hashlib import sha256
from importlib.resources import files
from typing import Any

import httpx2
import pytest
from jsonschema import Draft202012Validator
from shared.contracts.orders import EVENTS
from shared.http.problem import Problem

from tests.support.in_process import app_of, client_of
from tests.support.wiring import SERVICES

VENDOR = files("shared.http").joinpath("vendor")
every_service = pytest.mark.parametrize("service", SERVICES)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (one for name, one in value.items() if name == "$ref")
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from references(one)


@every_service
def test_every_reference_leads_somewhere(service: str) -> None:
    document = app_of(service).openapi()

    assert document["openapi"].startswith("3.1")
    found = set(references(document))
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert found <= known
    assert "#/components/schemas/Problem" in found


@every_service
def test_every_answer_has_a_shape_and_every_error_is_a_problem(service: str) -> None:
    for name, operation in operations(app_of(service).openapi()):
        responses = operation["responses"]
        assert {"400", "422", "503", "default"} <= set(responses), name
        for status, response in responses.items():
            assert response["description"], name
            if status == "default" or status >= "400":
                assert list(response["content"]) == ["application/problem+json"], (name, status)
            elif status not in ("204", "304"):
                assert response["content"], (name, status)
        assert not any(one.startswith("x-") for one in operation), name


@every_service
def test_every_body_is_shown_by_an_example_that_is_valid(service: str) -> None:
    document = app_of(service).openapi()
    for name, operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        reference = content.get("schema", {}).get("$ref", "")
        if not reference or "/v1/" not in name:
            continue
        schema = document["components"]["schemas"][reference.rpartition("/")[2]]
        judge = Draft202012Validator({**schema, "components": document["components"]})
        assert schema.get("examples"), name
        for example in schema["examples"]:
            assert list(judge.iter_errors(example)) == [], name


def test_an_order_is_shown_with_its_key_its_headers_and_its_problems() -> None:
    place = app_of("orders").openapi()["paths"]["/v1/orders"]["post"]

    [key] = place["parameters"]
    assert (key["name"], key["in"], key["required"]) == ("Idempotency-Key", "header", True)
    assert set(place["responses"]["201"]["headers"]) == {"Location", "Idempotency-Replayed"}
    assert "`order-exists`, `idempotency-in-progress`" in place["responses"]["409"]["description"]
    assert "Retry-After" in place["responses"]["429"]["headers"]
    assert "idempotency-key-reused" in str(place["responses"]["422"])


def test_what_needs_the_sealing_key_says_that_there_may_be_none() -> None:
    paths = app_of("notifications").openapi()["paths"]
    expected = {"", "/{endpoint_id}/rotate-secret", "/{endpoint_id}/test"}
    for prefix in ("/v1/webhook-endpoints", "/ops/partners/{name}/webhook-endpoints"):
        told = {
            path.removeprefix(prefix)
            for path, methods in paths.items()
            if path.startswith(prefix)
            and "`webhooks-not-configured`" in str(methods.get("post", {}).get("responses"))
        }
        assert told == expected
        responses = paths[prefix]["get"]["responses"]
        assert "webhooks-not-configured" not in responses["503"]["description"]


def test_a_problem_has_the_documented_shape() -> None:
    schema = app_of("orders").openapi()["components"]["schemas"]["Problem"]
    errors = [{"pointer": "/a", "detail": "b"}]
    answer = Problem(422, "validation-failed", "…", errors=errors, more=1).response()

    Draft202012Validator(schema).validate(json.loads(bytes(answer.body)))


@every_service
async def test_pages_name_nothing_outside_and_may_load_nothing_from_there(service: str) -> None:
    async with client_of(app_of(service)) as client:
        for path in ("/docs", "/docs/events"):
            page = await client.get(path)
            assert page.headers["content-type"].startswith("text/html")
            assert not re.search(r"(src|href)=['\"]?(https?:)?//", page.text)
            policy = page.headers["content-security-policy"]
            assert policy.startswith("default-src 'none'")
            assert "http" not in policy
            for target in re.findall(r"(?:src|href|spec-url)='(/[^']*)'", page.text):
                assert (await client.get(target)).status_code == 200, target


async def test_the_topics_page_lists_every_event_with_its_members() -> None:
    app = app_of("orders")
    async with client_of(app) as client:
        page = (await client.get("/docs/events")).text
        asyncapi = (await client.get("/asyncapi.json")).json()

    assert asyncapi["asyncapi"] == "3.0.0"
    for event in EVENTS:
        assert f"<h2>{event.type}</h2>" in page
        assert all(f"<code>{name}</code>" in page for name in event.model_fields)


async def test_the_viewer_is_the_one_that_was_taken_in() -> None:
    [entry] = tomllib.loads(VENDOR.joinpath("VENDOR.toml").read_text("utf-8")).values()
    packed = VENDOR.joinpath(entry["file"]).read_bytes()

    assert sha256(packed).hexdigest() == entry["sha256"]
    assert entry["licence"] in VENDOR.joinpath(entry["licence_file"]).read_text("utf-8")
    async with client_of(app_of("orders")) as client:
        plain = await _viewer(client, "identity")
        unpacked = await _viewer(client, "gzip")
    assert plain.content == unpacked.content == gzip.decompress(packed)
    assert "content-encoding" not in plain.headers
    assert unpacked.headers["content-encoding"] == "gzip"


async def _viewer(client: httpx2.AsyncClient, encoding: str) -> httpx2.Response:
    return await client.get("/docs/rapidoc-min.js", headers={"Accept-Encoding": encoding})
