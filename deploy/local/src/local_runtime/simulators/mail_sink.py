"""The simulated mail gateway: takes mail by SMTP, shows over HTTP what came."""

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from local_runtime.simulators import bodies, serving
from local_runtime.simulators.faults import MailFaults
from local_runtime.simulators.mailbox import Mailbox, read_mail

MAIL_BYTES_MAX = 1024 * 1024
FAULTS_BYTES_MAX = 64 * 1024
CUT_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Ports:
    smtp: int
    messages_url: str


class Connection(SMTP):
    """One SMTP session, remembered while it is open so that stopping can cut it."""

    def __init__(self, sink: "MailSink") -> None:
        super().__init__(sink, data_size_limit=MAIL_BYTES_MAX, enable_SMTPUTF8=True)
        self._sink = sink

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._sink.connections.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._sink.connections.discard(self)

    def cut(self) -> None:
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()


class MailSink:
    """Takes every mail the faults let in."""

    def __init__(self, mailbox: Mailbox, faults: MailFaults) -> None:
        self.mailbox = mailbox
        self.faults = faults
        self.faults_at_start = faults
        self.connections: set[Connection] = set()
        self._arrivals = 0

    async def handle_DATA(  # noqa: N802
        self, server: Connection, _: Session, envelope: Envelope
    ) -> str:
        """Delay, refuse, or keep; a client that leaves during the delay has sent nothing."""
        self._arrivals += 1
        arrival = self._arrivals
        faults = self.faults
        await asyncio.sleep(faults.delay_s)
        if faults.rejects(arrival):
            return "451 4.3.0 Try again later"
        raw = envelope.original_content or b""
        self.mailbox.keep(read_mail(raw, envelope.mail_from or "", envelope.rcpt_tos))
        if faults.drops_after_data(arrival):
            server.cut()
            # Losing the connection cancels this handler, so no answer follows.
            await asyncio.sleep(CUT_TIMEOUT_S)
        return "250 2.0.0 Kept"

    async def show_messages(self, request: web.Request) -> web.Response:
        found = self.mailbox.find(request.query.get("order_id"), request.query.get("to"))
        brief = request.query.get("brief") == "true"
        return web.json_response(
            [mail.listed() if brief else mail.shown() for mail in found],
            headers={"X-Dropped-Count": str(self.mailbox.dropped_count)},
        )

    async def clear_messages(self, _: web.Request) -> web.Response:
        self.mailbox.clear()
        return web.Response(status=204)

    async def show_faults(self, _: web.Request) -> web.Response:
        return web.json_response(self.faults.model_dump())

    async def set_faults(self, request: web.Request) -> web.Response:
        self.faults = await bodies.read_changes(request, self.faults_at_start)
        return await self.show_faults(request)

    async def ready(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "status": "ready",
                "kept_count": len(self.mailbox),
                "dropped_count": self.mailbox.dropped_count,
            }
        )


@asynccontextmanager
async def mail_sink(
    mailbox: Mailbox,
    faults: MailFaults | None = None,
    *,
    smtp_port: int = 0,
    http_port: int = 0,
    host: str = serving.HOST,
) -> AsyncIterator[Ports]:
    """Run both sides; port 0 takes a free one. The mailbox is closed at the end."""
    sink = MailSink(mailbox, faults or MailFaults())
    async with (
        _smtp(sink, smtp_port, host) as bound_port,
        serving.serving(_http(sink), http_port, host) as url,
    ):
        yield Ports(bound_port, f"{url}/messages")


@asynccontextmanager
async def _smtp(sink: MailSink, port: int, host: str) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(sink), host, port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for connection in list(sink.connections):
            connection.cut()
        await server.wait_closed()
        sink.mailbox.close()


def _http(sink: MailSink) -> web.Application:
    application = web.Application(client_max_size=FAULTS_BYTES_MAX)
    application.add_routes(
        [
            web.get("/messages", sink.show_messages),
            web.delete("/messages", sink.clear_messages),
            web.get("/faults", sink.show_faults),
            web.post("/faults", sink.set_faults),
            web.get("/health/live", serving.live),
            web.get("/health/ready", sink.ready),
        ]
    )
    return application


async def serve(options: argparse.Namespace) -> None:
    stopped = serving.stop_event()
    mailbox = Mailbox(options.file)
    faults = MailFaults(delay_s=options.delay_s)
    ports = {"smtp_port": options.smtp_port, "http_port": options.http_port}
    async with mail_sink(mailbox, faults, **ports, host=options.host) as bound:
        print(f"mail sink on smtp {options.host}:{bound.smtp}, {bound.messages_url}", flush=True)
        await stopped.wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="mail_sink", description="A mail gateway that fails")
    parser.add_argument("--smtp-port", type=int, required=True, help="0 takes a free one")
    parser.add_argument("--http-port", type=int, required=True, help="0 takes a free one")
    serving.add_host(parser)
    parser.add_argument("--delay-s", type=float, default=0.0, help="wait before taking each mail")
    parser.add_argument("--file", type=Path, help="file that keeps the mails over restarts")
    serving.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
