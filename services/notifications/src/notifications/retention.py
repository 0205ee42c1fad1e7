"""What notifications forgets of orders; whom to write to and what was told stay."""

from datetime import timedelta

from shared.service import Retention

from notifications.settings import NotificationsSettings


def retention(settings: NotificationsSettings) -> tuple[Retention, ...]:
    """The address its goods go to; a mail that is written after that shows none."""
    return (
        Retention(
            "order_messages",
            "known_since",
            timedelta(days=settings.address_retention_days),
            "t.details ? 'address'",
            forgets="details = details - 'address'",
        ),
    )
