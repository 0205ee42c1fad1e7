"""The documents of a service: OpenAPI, AsyncAPI, and pages of both that load nothing from afar."""

from gzip import decompress
from html import escape
from importlib.resources import files
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from faststream.kafka import KafkaBroker
from faststream.specification import AsyncAPI

VIEWER = "rapidoc-min.js"
DAY_S = 86_400
# The viewer puts its styles into the page; everything it loads is ours.
SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; "
        "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
}

Document = dict[str, Any]


def asyncapi_of(name: str, broker: KafkaBroker) -> Document:
    """The AsyncAPI 3 document of what this service reads and publishes."""
    document: Document = (
        AsyncAPI(broker, title=f"orderproof {name}", version="1", schema_version="3.0.0")
        .to_specification()
        .to_jsonable()
    )
    return document


def document_routes(app: FastAPI, name: str, broker: KafkaBroker) -> APIRouter:
    """``/docs`` shows the HTTP interface, ``/docs/events`` the topics."""
    router = APIRouter(include_in_schema=False)

    @router.get("/asyncapi.json")
    async def asyncapi() -> Document:
        return asyncapi_of(name, broker)

    @router.get("/docs")
    async def docs() -> Response:
        return _page(name, _viewer(app.openapi()))

    @router.get("/docs/events")
    async def events() -> Response:
        return _page(name, _topics(asyncapi_of(name, broker)))

    @router.get(f"/docs/{VIEWER}")
    async def viewer(request: Request) -> Response:
        packed = files("shared.http").joinpath("vendor", f"{VIEWER}.gz").read_bytes()
        headers = {"Cache-Control": f"max-age={DAY_S}", "Vary": "Accept-Encoding", **SECURITY}
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
        else:
            packed = decompress(packed)
        return Response(packed, headers=headers, media_type="text/javascript")

    return router


def _page(name: str, content: str) -> Response:
    text = (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>orderproof {escape(name)}</title>"
        "<style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui;margin:0 auto}"
        "nav,main,noscript{display:block;max-width:70rem;margin:1rem auto;padding:0 1rem}"
        "table{border-collapse:collapse}td,th{padding:.3rem 1rem .3rem 0;vertical-align:top;"
        "text-align:left}rapi-doc{height:calc(100vh - 4rem);width:100%}</style>"
        f"<nav><b>{escape(name)}</b> · <a href='/docs'>HTTP</a> · <a href='/docs/events'>Events"
        "</a> · <a href='/openapi.json'>OpenAPI</a> · <a href='/asyncapi.json'>AsyncAPI</a></nav>"
        f"{content}</html>"
    )
    return Response(text, headers=SECURITY, media_type="text/html")


def _viewer(openapi: Document) -> str:
    rows = "".join(
        f"<tr><td><code>{method.upper()}</code></td><td><code>{escape(path)}</code></td>"
        f"<td>{escape(one.get('description') or one.get('summary', ''))}</td></tr>"
        for path, methods in sorted(openapi["paths"].items())
        for method, one in methods.items()
    )
    return (
        f"<script src='/docs/{VIEWER}' defer></script>"
        "<rapi-doc spec-url='/openapi.json' load-fonts='false' render-style='read' "
        "show-header='false' allow-authentication='false' allow-server-selection='false' "
        "regular-font='system-ui' mono-font='ui-monospace'></rapi-doc>"
        f"<noscript><table>{rows}</table></noscript>"
    )


def _topics(asyncapi: Document) -> str:
    """What is read and published, and each message with its members; FastStream has no order."""
    told = sorted(_operation(asyncapi, one) for one in asyncapi.get("operations", {}).values())
    return "".join(["<main><h1>Events</h1>", *told, "</main>"])


def _operation(asyncapi: Document, operation: Document) -> str:
    channel = _found(asyncapi, operation["channel"])
    verb = "Read from" if operation["action"] == "receive" else "Published on"
    messages = [_found(asyncapi, one) for one in operation.get("messages", ())]
    title = str(messages[0].get("title", "") if messages else "").removesuffix(":Message")
    return (
        f"<h2>{escape(title)}</h2><p>{escape(channel.get('description') or '')}</p>"
        f"<p>{verb} <code>{escape(channel.get('address', ''))}</code></p>"
        + "".join(_members(asyncapi, one.get("payload", {})) for one in messages)
    )


def _members(asyncapi: Document, payload: Document) -> str:
    schema = _found(asyncapi, payload)
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(_kind(one))}</td></tr>"
        for name, one in schema.get("properties", {}).items()
    )
    return f"<table>{rows}</table>"


def _kind(schema: Document) -> str:
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    inner = f" of {_kind(schema['items'])}" if "items" in schema else ""
    return str(schema.get("format") or schema.get("type", "anything")) + inner


def _found(document: Document, reference: Document) -> Document:
    """What local references lead to; anything else is itself."""
    while "$ref" in reference:
        place: Any = document
        for part in reference["$ref"].removeprefix("#/").split("/"):
            place = place[part.replace("~1", "/").replace("~0", "~")]
        reference = place
    return reference
