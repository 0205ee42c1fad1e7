"""Every fact a customer should hear of -> a message in the queue."""

from shared.contracts.orders import OrderPlaced
from shared.errors import Permanent
from shared.messaging.batch import Batch

from notifications.domain.customer import Customer
from notifications.domain.fact import MailedEvent, fact_of
from notifications.unit_of_work import MessageWork


class UnknownCustomer(Permanent):
    """The order was never placed here, so nobody can be told about it."""


async def queue_message(told: Batch[MailedEvent], work: MessageWork) -> None:
    """OrderPlaced | OrderConfirmed | … | OrderRefunded -> one message | its work row.

    An event that was told before, under whatever id, adds nothing. Raises ``UnknownCustomer``
    for an order whose OrderPlaced was not seen.
    """
    for event in told:
        customer = _customer(event, work.rows[event.order_id])
        work.rows[event.order_id] = customer
        work.queue(customer, fact_of(event))


def _customer(event: MailedEvent, known: Customer) -> Customer:
    if isinstance(event, OrderPlaced):
        return known.learn(event)
    if not known.email:
        raise UnknownCustomer(event.order_id)
    return known
