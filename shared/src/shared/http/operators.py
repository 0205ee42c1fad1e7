"""Who acts by hand: a name in a header, and one line in the log for each act."""

from typing import Annotated

import structlog
from fastapi import Header

UNNAMED = "unnamed"
Operator = Annotated[str, Header(alias="X-Operator", max_length=100)]
# Where storefronts and partners call as well: without a name it is nobody's act by hand.
NamedOperator = Annotated[str | None, Header(alias="X-Operator", max_length=100)]

log = structlog.get_logger(__name__)


def acted(act: str, operator: str | None, /, **known: object) -> None:
    """Tell, once it is committed, what an operator did; of others' calls nothing is told.

    Never with a reason that somebody typed: a log has no personal data.
    """
    if operator is not None:
        log.info(act, operator=operator, **known)
