"""``python -m tests.bench.services <name>``: the services whose outside is in their process.

``payments`` and ``notifications`` are the services' own ``build`` and ``run`` with an adapter
given; ``provider`` shows the book that payments' adapter writes, for the audit.
"""

import argparse
from dataclasses import replace

from aiohttp import web
from local_runtime.simulators import serving
from notifications import app as notifications
from notifications.send_mail import MailSender
from notifications.settings import NotificationsSettings
from payments import app as payments
from payments.settings import PaymentsSettings
from shared.running import run
from shared.service import Running, Service
from shared.work.worker import Worker

from tests.bench.adapters import BookedProvider, SinkMailer, book_file


def payments_service(settings: PaymentsSettings) -> Service:
    """The service as it is, with a provider that takes every charge."""
    provider = BookedProvider(book_file())
    service = payments.build(settings, provider)

    async def close() -> None:
        await provider.close()
        if service.close is not None:
            await service.close()

    return replace(service, close=close)


def notifications_service(settings: NotificationsSettings) -> Service:
    """The service as it is, but for what takes its mails."""

    def worker(running: Running) -> Worker:
        mailer = SinkMailer(settings)
        sender = MailSender(running.transactions, mailer, settings)
        return Worker(
            transactions=running.transactions,
            owner=settings.instance_name,
            perform=sender.perform,
            slots=mailer.slots,
            lease_s=settings.lease_s,
        )

    return replace(notifications.build(settings), worker=worker)


async def show_book(request: web.Request) -> web.StreamResponse:
    """The lines of the file as one JSON array."""
    answer = web.StreamResponse(headers={"Content-Type": "application/json"})
    await answer.prepare(request)
    await answer.write(b"[")
    before = b""
    if book_file().exists():
        with book_file().open("rb") as book:
            for line in book:
                await answer.write(before + line)
                before = b","
    await answer.write(b"]")
    return answer


async def serve_book(port: int) -> None:
    stopped = serving.stop_event()
    application = web.Application()
    application.add_routes([web.get("/book", show_book), web.get("/health/ready", serving.ready)])
    async with serving.serving(application, port):
        await stopped.wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests.bench.services")
    parser.add_argument("name", choices=["payments", "notifications", "provider"])
    parser.add_argument("--port", type=int, default=0)
    asked = parser.parse_args()
    match asked.name:
        case "payments":
            run(PaymentsSettings, payments_service)
        case "notifications":
            run(NotificationsSettings, notifications_service)
        case _:
            serving.run(serve_book(asked.port))


if __name__ == "__main__":
    main()
