"""OrderSubmitted -> OrderPlaced | StorefrontOrderRefused."""

from shared.contracts.storefront import OrderSubmitted, Submission
from shared.messaging.batch import Batch

from orders.admission import Admission
from orders.domain.placing import Invalid, body_hash
from orders.work import OrdersWork


async def place_submitted(
    submitted: Batch[OrderSubmitted], work: OrdersWork, *, admission: Admission
) -> None:
    """OrderSubmitted -> OrderPlaced | StorefrontOrderRefused | nothing when it came before.

    A reference names one order for ever: the same body again has the same outcome, which was
    told already; another body is refused.
    """
    for event in submitted:
        match work.checked[id(event)]:
            case Invalid(reason, errors):
                work.refuse(event.key, reason, errors)
            case Submission() as submission:
                reference = work.references[submission.client_reference]
                if reference.mine:
                    admission.place(work, submission, work.cause_of(event.key).record)
                elif reference.body_hash != body_hash(submission):
                    work.refuse(event.key, "reference-reused")
