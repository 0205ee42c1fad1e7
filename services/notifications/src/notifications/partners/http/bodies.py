"""The shapes of what partners and operators send and are answered."""

from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, model_validator
from shared.contracts.storefront import Body, Email, Storable

from notifications.partners.domain.endpoint import (
    CONCURRENCY,
    CONCURRENCY_MAX,
    RATE_PER_S,
    RATE_PER_S_MAX,
)
from notifications.partners.domain.partner import KeyScope
from notifications.partners.domain.types import known_type
from notifications.partners.http.moments import Moment

NAME_PATTERN = r"^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$"

EventType = Annotated[str, Field(max_length=128), AfterValidator(known_type)]
EventTypes = Annotated[list[EventType], Field(min_length=1, max_length=100)]
Description = Annotated[str, Field(max_length=500), Storable]
Url = Annotated[str, Field(min_length=1, max_length=1000), Storable]
Secretive = Annotated[str, Field(max_length=200)]
Rate = Annotated[int, Field(ge=1, le=RATE_PER_S_MAX)]
Concurrency = Annotated[int, Field(ge=1, le=CONCURRENCY_MAX)]


class NewPartner(Body):
    """``seller_id`` keeps it to one seller's goods; ``event_types`` are the newest by default.

    ``contact_email`` is told when an endpoint is disabled; with ``sees_addresses`` it may be told
    where goods go.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "north-warehouse"}]})

    name: Annotated[str, Field(pattern=NAME_PATTERN)]
    seller_id: Annotated[str, Field(min_length=1, max_length=128), Storable] | None = None
    event_types: EventTypes | None = None
    contact_email: Email | None = None
    sees_addresses: bool = False
    key_expires_in_days: Annotated[int, Field(ge=1, le=3650)] | None = None


class PartnerChange(Body):
    """Whether it may be told where goods go; withdrawn, nothing more of that is sent."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"sees_addresses": True}]})

    sees_addresses: bool


class NewKey(Body):
    """Valid for ``expires_in_days`` or until revoked; without ``scopes``, with the asker's."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"scopes": ["events:read"], "expires_in_days": 90}]}
    )

    scopes: Annotated[tuple[KeyScope, ...] | None, Field(min_length=1, strict=False)] = None
    expires_in_days: Annotated[int, Field(ge=1, le=3650)] | None = None


class NewEndpoint(Body):
    """``event_types`` are pinned: without any, the newest of each at this time.

    With ``seller_id`` it gets one seller's part alone.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"url": "https://partner.example/events"}]}
    )

    url: Url
    description: Description = ""
    event_types: EventTypes | None = None
    seller_id: Annotated[str, Field(min_length=1, max_length=128), Storable] | None = None
    rate_per_s: Rate = RATE_PER_S
    concurrency_max: Concurrency = CONCURRENCY
    secret: Secretive | None = Field(None, repr=False)


class EndpointChange(Body):
    """What is not named stays. ``enabled`` true takes a disabled endpoint up again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"enabled": True}]})

    url: Url | None = None
    description: Description | None = None
    event_types: EventTypes | None = None
    rate_per_s: Rate | None = None
    concurrency_max: Concurrency | None = None
    enabled: bool | None = None


class NewSecret(Body):
    """One of ours, or ``whsec_`` and base64 of 24 to 64 bytes of yours."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"secret": None}]})

    secret: Secretive | None = Field(None, repr=False)


class Replay(Body):
    """Exactly one of them; ``cursor`` goes on where the last answer's ``next_cursor`` says."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"failed": True}]})

    event_id: Annotated[str, Field(min_length=1, max_length=64), Storable] | None = None
    failed: Literal[True] | None = None
    since: Moment | None = Field(None, strict=False)
    after: Annotated[str, Field(max_length=300)] | None = None
    cursor: Annotated[str, Field(max_length=300)] | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "Replay":
        given = (self.event_id, self.failed, self.since, self.after)
        if sum(one is not None for one in given) != 1:
            raise ValueError("name exactly one of event_id, failed, since and after")
        return self
