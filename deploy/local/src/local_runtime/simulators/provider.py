"""The simulated payment provider over HTTP."""

import argparse
import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import asdict
from functools import partial
from pathlib import Path

from aiohttp import web

from local_runtime.simulators import bodies, calls, listing, serving
from local_runtime.simulators.behaviours import BEHAVIOURS, Delivery
from local_runtime.simulators.book import Answer, Book, Entry
from local_runtime.simulators.charges import (
    Change,
    LaterOperation,
    Order,
    Refused,
    change_charge,
    open_charge,
)
from local_runtime.simulators.desk import Call, Desk, new_id, operation_body
from local_runtime.simulators.faults import ProviderFaults
from local_runtime.simulators.webhooks import Target, Webhooks

HOLD_S_MAX = 60.0
HOLD_POLL_S = 0.05


class Provider:
    """The HTTP side: how answers travel, come late, or never come."""

    def __init__(self, desk: Desk, target: Target | None) -> None:
        self._desk = desk
        self._target = target
        self._webhooks: Webhooks | None = None
        self._late: set[asyncio.Task[None]] = set()

    async def lifetime(self, _: web.Application) -> AsyncIterator[None]:
        self._webhooks = Webhooks(self._target) if self._target else None
        yield
        for task in self._late:
            task.cancel()
        await asyncio.gather(*self._late, return_exceptions=True)
        if self._webhooks:
            await self._webhooks.close()
        self._desk.book.close()

    async def charge(self, request: web.Request) -> web.Response:
        key = calls.idempotency_key(request)
        body = await bodies.read_body(request, calls.ChargeBody)
        behaviour = BEHAVIOURS.get(body.token)
        if behaviour is None:
            raise bodies.refusal(422, "unknown-token")
        order = Order(body.order_id, body.amount_minor, body.currency, body.capture)
        plan = partial(open_charge, new_id("ch"), key, order, behaviour)
        mark = calls.fingerprint(request, body)
        return await self._serve(request, Call(key, mark, True, behaviour.delivery, plan))

    async def capture(self, request: web.Request) -> web.Response:
        body = await bodies.read_body(request, calls.AmountBody)
        return await self._change(request, "capture", body)

    async def refund(self, request: web.Request) -> web.Response:
        body = await bodies.read_body(request, calls.AmountBody)
        return await self._change(request, "refund", body)

    async def void(self, request: web.Request) -> web.Response:
        body = await bodies.read_body(request, calls.EmptyBody)
        return await self._change(request, "void", body)

    async def find_charges(self, request: web.Request) -> web.Response:
        key = _asked_key(request)
        if self._desk.loses_get(key):
            return _drop(request)
        return web.json_response([asdict(charge) for charge in self._desk.book.charges_under(key)])

    async def find_operations(self, request: web.Request) -> web.Response:
        key = _asked_key(request)
        if self._desk.loses_get(key):
            return _drop(request)
        book = self._desk.book
        found = book.operations_under(key)
        return web.json_response([operation_body(op, book.charges[op.charge_id]) for op in found])

    async def list_transactions(self, request: web.Request) -> web.Response:
        window = listing.asked_window(request)
        if self._desk.loses_get("/v1/transactions"):
            return _drop(request)
        return web.json_response(listing.page(self._desk.book.operations, window))

    async def show_charge(self, request: web.Request) -> web.Response:
        charge_id = request.match_info["charge_id"]
        if self._desk.loses_get(charge_id):
            return _drop(request)
        charge = self._desk.book.charges.get(charge_id)
        if charge is None:
            raise bodies.refusal(404, "unknown-charge")
        return web.json_response(asdict(charge))

    async def show_book(self, _: web.Request) -> web.Response:
        return web.json_response([asdict(op) for op in self._desk.book.operations])

    async def show_faults(self, _: web.Request) -> web.Response:
        return web.json_response(self._desk.faults.model_dump())

    async def show_met(self, _: web.Request) -> web.Response:
        return web.json_response(self._desk.met)

    async def set_faults(self, request: web.Request) -> web.Response:
        self._desk.faults = await bodies.read_changes(request, self._desk.faults_at_start)
        return await self.show_faults(request)

    async def _change(
        self, request: web.Request, op: LaterOperation, body: calls.AmountBody | calls.EmptyBody
    ) -> web.Response:
        key = calls.idempotency_key(request)
        charge_id = request.match_info["charge_id"]
        amount_minor = body.amount_minor if isinstance(body, calls.AmountBody) else 0

        def plan() -> Change | Refused:
            charge = self._desk.book.charges.get(charge_id)
            if charge is None:
                return Refused("unknown-charge", 404)
            return change_charge(op, charge, amount_minor)

        mark = calls.fingerprint(request, body)
        return await self._serve(request, Call(key, mark, False, Delivery.ANSWER, plan))

    async def _serve(self, request: web.Request, call: Call) -> web.Response:
        book = self._desk.book
        match book.admit(call.key, call.fingerprint):
            case Answer() as answer:
                return _respond(answer, {"Idempotency-Replayed": "true"})
            case Refused() as refused:
                return _refuse(refused)
            case None:
                pass
        change = call.plan()
        if isinstance(change, Refused):
            return _refuse(change)
        delivery = self._desk.delivery(call, change.op)
        book.claim(call.key, call.fingerprint)
        if delivery is Delivery.DROP_THEN_DO:
            self._do_later(call)
            return _drop(request)
        try:
            return await self._deliver(request, call, delivery)
        finally:
            book.release(call.key)

    async def _deliver(self, request: web.Request, call: Call, delivery: Delivery) -> web.Response:
        if delivery is Delivery.ERROR:
            return web.json_response({"error": "internal-error"}, status=500)
        if delivery is Delivery.HANG_NOT_DONE:
            return await _hold(request)
        if delivery is Delivery.SLOW:
            await asyncio.sleep(self._desk.faults.slow_s)
        done = self._perform(call, garbled=delivery is Delivery.GARBAGE)
        if delivery is Delivery.HANG_DONE:
            return await _hold(request)
        return _refuse(done) if isinstance(done, Refused) else _respond(done.answer)

    def _perform(self, call: Call, *, garbled: bool = False) -> Entry | Refused:
        done = self._desk.perform(call, garbled=garbled)
        if self._webhooks and isinstance(done, Entry):
            self._webhooks.announce(done, self._desk.faults)
        return done

    def _do_later(self, call: Call) -> None:
        task = asyncio.create_task(self._do_after(self._desk.faults.late_s, call))
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def _do_after(self, delay_s: float, call: Call) -> None:
        try:
            await asyncio.sleep(delay_s)
            self._perform(call)
        finally:
            self._desk.book.release(call.key)


def _respond(answer: Answer, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(
        text=answer.body,
        status=answer.http_status,
        content_type=answer.content_type,
        headers=headers,
    )


def _refuse(refused: Refused) -> web.Response:
    return web.json_response({"error": refused.error}, status=refused.http_status)


def _drop(request: web.Request) -> web.Response:
    """Cut the connection; the response returned has nowhere to go."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _hold(request: web.Request) -> web.Response:
    """Never answer: keep the connection until the caller leaves, a minute at most."""
    loop = asyncio.get_running_loop()
    deadline_s = loop.time() + HOLD_S_MAX
    # The server tells a handler of a lost client only by taking the transport away.
    while request.transport is not None and loop.time() < deadline_s:  # noqa: ASYNC110
        await asyncio.sleep(HOLD_POLL_S)
    return _drop(request)


def _asked_key(request: web.Request) -> str:
    key = request.query.get("key")
    if not key:
        raise bodies.refusal(400, "key-missing")
    return key


def create_app(
    book: Book, faults: ProviderFaults | None = None, target: Target | None = None
) -> web.Application:
    """The provider as an application; it closes the book when it stops."""
    provider = Provider(Desk(book, faults or ProviderFaults()), target)
    application = web.Application(client_max_size=calls.BODY_BYTES_MAX)
    application.cleanup_ctx.append(provider.lifetime)
    application.add_routes(
        [
            web.post("/v1/charges", provider.charge),
            web.get("/v1/charges", provider.find_charges),
            web.get("/v1/charges/{charge_id}", provider.show_charge),
            web.post("/v1/charges/{charge_id}/capture", provider.capture),
            web.post("/v1/charges/{charge_id}/void", provider.void),
            web.post("/v1/charges/{charge_id}/refund", provider.refund),
            web.get("/v1/operations", provider.find_operations),
            web.get("/v1/transactions", provider.list_transactions),
            web.get("/book", provider.show_book),
            web.get("/faults", provider.show_faults),
            web.post("/faults", provider.set_faults),
            web.get("/faults/met", provider.show_met),
            web.get("/health/live", serving.live),
            web.get("/health/ready", serving.ready),
        ]
    )
    return application


async def serve(options: argparse.Namespace) -> None:
    stopped = serving.stop_event()
    target = Target(options.webhook_url, options.webhook_secret) if options.webhook_url else None
    application = create_app(Book(options.book), ProviderFaults(late_s=options.late_s), target)
    async with serving.serving(application, options.port, options.host) as url:
        print(f"payment provider on {url}", flush=True)
        await stopped.wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="provider", description="A payment provider that fails")
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one")
    serving.add_host(parser)
    parser.add_argument(
        "--book",
        type=Path,
        default=os.environ.get("PROVIDER_BOOK") or None,
        help="file that keeps the book over restarts",
    )
    parser.add_argument("--late-s", type=float, default=8.0, help="how late a late charge is done")
    parser.add_argument(
        "--webhook-url",
        default=os.environ.get("PROVIDER_WEBHOOK_URL"),
        help="where to announce operations",
    )
    parser.add_argument(
        "--webhook-secret",
        # An argument is shown to everybody who lists processes, a variable is not.
        default=os.environ.get("PROVIDER_WEBHOOK_SECRET"),
        help="whsec_ and base64, to sign the announcements",
    )
    options = parser.parse_args()
    if options.webhook_url and not options.webhook_secret:
        parser.error("--webhook-url needs --webhook-secret")
    serving.run(serve(options))


if __name__ == "__main__":
    main()
