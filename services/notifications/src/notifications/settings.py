"""Every variable notifications reads: ``NOTIFICATIONS_…``, with its unit and default."""

import base64
import binascii
from ipaddress import IPv4Network, IPv6Network
from typing import Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import SettingsConfigDict
from shared.settings import ServiceSettings

from notifications.domain.letter import Sender, is_deliverable
from notifications.domain.plain import one_line
from notifications.partners.signing import VAULT_KEY_BYTES, Vault
from notifications.writing.content import Shop

LEASE_MARGIN_S = 5


class NotificationsSettings(ServiceSettings):
    """Where mail is handed over, and how many at a time."""

    model_config = SettingsConfigDict(env_prefix="NOTIFICATIONS_")

    smtp_host: str = Field("127.0.0.1", min_length=1, description="mail server, host")
    smtp_port: int = Field(25, ge=1, le=65535, description="mail server, port")
    smtp_starttls: bool = Field(False, description="upgrade to TLS; fails where it is not offered")
    smtp_username: str | None = Field(None, description="SMTP user; needs TLS")
    smtp_password: str | None = Field(None, repr=False, description="SMTP password")
    mail_from: str = Field("orders@orderproof.invalid", description="sender's address")
    shop_name: str = Field(
        "Orderproof",
        min_length=1,
        max_length=60,
        description="the shop's name: the sender's, and at the head of every mail",
    )
    shop_logo_url: str | None = Field(
        None,
        max_length=500,
        pattern=r"^https://[\x21-\x7e]+$",
        description="an image 40 px high in place of the name at the head; its text is the name",
    )
    message_id_domain: str = Field(
        "orderproof.invalid",
        pattern=r"^[A-Za-z0-9.-]{1,255}$",
        description="domain of Message-IDs, and our name to the mail server",
    )
    sends_max: int = Field(8, ge=1, le=200, description="mails under way at once")
    recipient_mails_per_hour_max: int = Field(
        100, ge=1, le=1_000_000, description="mails to one address within an hour; the rest waits"
    )
    call_timeout_s: float = Field(10, gt=0, le=300, description="time for one mail")
    lease_s: float = Field(20, gt=0, le=600, description="time a mail is reserved for an instance")
    inbox_retention_days: int = Field(
        100,
        ge=1,
        le=3650,
        description="how long an event's id is known; at least a week more than Kafka keeps it",
    )
    address_retention_days: int = Field(
        90,
        ge=7,
        le=3650,
        description="how long the address of an order's goods is kept for its mails",
    )
    partner_secrets_key: str | None = Field(
        None,
        repr=False,
        description="32 bytes in base64 that seal webhook secrets; without it nobody has webhooks",
    )
    partner_endpoints_max: int = Field(
        100, ge=1, le=100_000, description="webhook endpoints of one partner"
    )
    partner_events_retention_days: int = Field(
        90, ge=8, le=3650, description="how long partners may read an event again; whole weeks go"
    )
    webhook_calls_max: int = Field(
        256, ge=4, le=4096, description="webhooks under way at once, of one instance"
    )
    webhook_networks: tuple[IPv4Network | IPv6Network, ...] = Field(
        (),
        description="networks beside the public internet that webhooks may go to, over http and "
        "to any port too, as a JSON list",
    )

    @model_validator(mode="after")
    def _refuse_what_sends_twice(self) -> Self:
        if self.lease_s < self.call_timeout_s + LEASE_MARGIN_S:
            raise ValueError(
                f"{self.variable('lease_s')}: at least {self.variable('call_timeout_s')} "
                f"+ {LEASE_MARGIN_S} s, or a mail under way is taken over and sent twice"
            )
        return self

    @model_validator(mode="after")
    def _refuse_a_bad_sender(self) -> Self:
        if not is_deliverable(self.mail_from):
            raise ValueError(f"{self.variable('mail_from')}: is no mail address")
        return self

    @model_validator(mode="after")
    def _refuse_a_password_in_clear(self) -> Self:
        if self.smtp_username is not None and not self.smtp_starttls:
            raise ValueError(
                f"{self.variable('smtp_username')}: only with {self.variable('smtp_starttls')}, "
                "or the password travels in clear"
            )
        if (self.smtp_username is None) != (self.smtp_password is None):
            raise ValueError(f"{self.variable('smtp_password')}: user and password belong together")
        return self

    @model_validator(mode="after")
    def _refuse_a_name_for_no_header(self) -> Self:
        if one_line(self.shop_name) != self.shop_name:
            raise ValueError(f"{self.variable('shop_name')}: one line, without control characters")
        return self

    @model_validator(mode="after")
    def _refuse_a_key_that_seals_nothing(self) -> Self:
        if self.partner_secrets_key is not None and len(self._sealing_key) != VAULT_KEY_BYTES:
            raise ValueError(f"{self.variable('partner_secrets_key')}: 32 bytes in base64")
        return self

    @field_validator("partner_secrets_key", mode="before")
    @classmethod
    def _empty_is_none(cls, given: object) -> object:
        """A compose file passes on what is not set as an empty text."""
        return given or None

    @property
    def _sealing_key(self) -> bytes:
        try:
            return base64.b64decode(self.partner_secrets_key or "", validate=True)
        except binascii.Error:
            return b""

    @property
    def vault(self) -> Vault | None:
        return None if self.partner_secrets_key is None else Vault(self._sealing_key)

    @property
    def sender(self) -> Sender:
        return Sender(self.shop_name, self.mail_from, self.message_id_domain)

    @property
    def shop(self) -> Shop:
        return Shop(self.shop_name, self.shop_logo_url)
