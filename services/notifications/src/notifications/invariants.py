"""What must hold at all times in this service's database; each query names what breaks it."""

from shared.service import Invariant

INVARIANTS = (
    Invariant(
        "messages-are-under-way",
        "Every queued message has a work row, so that it is tried until it is sent or refused.",
        """SELECT m.message_id FROM messages m
        WHERE m.state = 'queued' AND NOT EXISTS (
            SELECT FROM work_rows w WHERE w.order_id = m.order_id AND NOT w.done
              AND w.payload ->> 'message_id' = m.message_id)""",
    ),
    Invariant(
        "no-mail-overtakes",
        "No message of an order is sent before an earlier one is sent or refused.",
        """SELECT later.message_id FROM messages later JOIN messages earlier USING (order_id)
        WHERE later.state = 'sent' AND earlier.state = 'queued'
          AND earlier.message_id < later.message_id""",
    ),
    Invariant(
        "messages-have-a-customer",
        "Every message goes to the address its order was placed with.",
        """SELECT m.message_id FROM messages m LEFT JOIN order_messages c USING (order_id)
        WHERE c.email IS DISTINCT FROM m.recipient""",
    ),
    Invariant(
        "facts-find-their-order",
        "What is told of an order before it is placed waits an hour at most for that.",
        """SELECT order_id FROM order_messages
        WHERE waiting_since < now() - interval '1 hour'""",
    ),
)
