"""Every fact a customer should hear of -> a message in the queue."""

from shared.contracts.orders import OrderPlaced
from shared.messaging.batch import Batch

from notifications.domain.fact import MailedEvent, fact_of
from notifications.unit_of_work import MessageWork


async def queue_message(told: Batch[MailedEvent], work: MessageWork) -> None:
    """OrderPlaced | OrderConfirmed | … | OrderRefunded -> one message | its work row | it waits.

    Partners who were to be told of its address before it was placed are told now.

    An event that was told before, under whatever id, adds nothing. What is told of an order that
    was not placed yet waits for its OrderPlaced. Raises ``NeverPlaced`` when too much waits.
    """
    for event in told:
        customer, fact = work.rows[event.order_id], fact_of(event)
        if isinstance(event, OrderPlaced):
            customer = customer.learn(event)
            facts = (fact, *customer.told_before)
        elif customer.email:
            facts = (*customer.told_before, fact)
        else:
            work.rows[event.order_id] = customer.wait_with(fact, work.now)
            continue
        for one in facts:
            work.queue(customer, one)
        work.rows[event.order_id] = customer.caught_up()
        work.disclose(event.order_id)
