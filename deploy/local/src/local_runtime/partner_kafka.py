"""A partner's user in Kafka: one login that reads one topic, in groups of its own, and no more."""

import re
import secrets
import time
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

from shared.contracts import topics

from local_runtime.partner_consumers import KafkaAccess

# As the partners' interface takes them. Without a dot, so that no partner's prefix of groups
# begins with another's.
_NAME = re.compile("[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_PASSWORD_BYTES = 32
# Kafka's least is 4096. The password is 256 random bits: nobody finds it by trying.
_ITERATIONS = 8192
_TIMEOUT_S = 10.0
_LOOK_AGAIN_S = 0.02


class PartnerKafkaError(RuntimeError):
    """The cluster did not do what was asked of it, or cannot."""


class NoKafkaForSellersError(ValueError):
    """The topic holds all sellers' events, and Kafka cannot give a reader a part of it."""


def user_of(name: str) -> str:
    """The partner's user. Raises ``ValueError`` for what is no partner's name."""
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} is no partner's name: up to 40 of a-z, 0-9 and '-', with no '-' at its ends"
        )
    return f"partner.{name}"


def group_prefix_of(name: str) -> str:
    """What the names of the partner's consumer groups begin with."""
    return f"{user_of(name)}."


def kafka_access(
    endpoints: Mapping[str, Any],
    name: str,
    *,
    seller_id: str | None = None,
    topic_prefix: str = "",
) -> KafkaAccess:
    """Let a partner in to the running stack of ``endpoints``; its password is told this once.

    Raises :class:`NoKafkaForSellersError` for a seller's partner, before anything is changed.
    """
    refuse_sellers(name, seller_id)
    door = endpoints.get("partner_kafka")
    if door is None:
        raise PartnerKafkaError(
            "this stack's Kafka lets no partner in; start it with: orderproof up --partner-kafka"
        )
    return KafkaAccess(
        bootstrap=door["bootstrap"],
        ca_file=door["ca_file"],
        username=user_of(name),
        password=add_partner(endpoints["kafka"], name, topic_prefix),
        group_prefix=group_prefix_of(name),
        topic=topic_prefix + topics.FULFILMENT,
    )


def refuse_sellers(name: str, seller_id: str | None) -> None:
    """Raise when the partner may see one seller's goods only."""
    if seller_id is not None:
        raise NoKafkaForSellersError(
            f"{name} may see the goods of seller {seller_id} only, and {topics.FULFILMENT} holds "
            "those of all sellers: Kafka gives a reader all of a topic or nothing. "
            "Use webhooks or pull, which send a seller its own."
        )


def add_partner(bootstrap: str, name: str, topic_prefix: str = "") -> str:
    """Make the user with exactly its rights; return its new password, which is kept nowhere.

    Done again, it mends the rights and gives another password: the last one can log in.
    """
    admin, user, rights = _admin(bootstrap), user_of(name), rights_of(name, topic_prefix)
    # Whoever can log in has its rights already, and no others.
    _set_rights(admin, user, rights)
    password = _set_password(admin, user)
    _wait_until_known(admin, user, rights)
    return password


def rotate(bootstrap: str, name: str) -> str:
    """A new password for a partner that has one; with the old one nobody logs in from now on."""
    admin, user = _admin(bootstrap), user_of(name)
    if not _rights_in(admin, user):
        raise PartnerKafkaError(f"{name} has no access to Kafka yet")
    return _set_password(admin, user)


def remove_partner(bootstrap: str, name: str) -> bool:
    """Take rights and login away; False when there were none.

    Rights go first: connections that are open may do nothing more, from then on.
    """
    api, admin, user = _api(), _admin(bootstrap), user_of(name)
    had_rights = _delete_rights(admin, [_anything_of(user)])
    gone = api.UserScramCredentialDeletion(user, api.ScramMechanism.SCRAM_SHA_512)
    asked = admin.alter_user_scram_credentials([gone], request_timeout=_TIMEOUT_S)
    had_login = _is_found(asked[user])
    return had_rights or had_login


def rights_of(name: str, topic_prefix: str = "") -> list[Any]:
    """All that a partner may: read the topic, and keep its position in groups of its own."""
    api = _api()
    kinds, patterns, may = api.ResourceType, api.ResourcePatternType, api.AclOperation
    topic = (kinds.TOPIC, topic_prefix + topics.FULFILMENT, patterns.LITERAL)
    groups = (kinds.GROUP, group_prefix_of(name), patterns.PREFIXED)
    whose = (f"User:{user_of(name)}", "*")
    return [
        api.AclBinding(*where, *whose, operation, api.AclPermissionType.ALLOW)
        for where in (topic, groups)
        for operation in (may.READ, may.DESCRIBE)
    ]


def rights_in(bootstrap: str, name: str) -> list[Any]:
    """What the cluster lets the partner do."""
    return _rights_in(_admin(bootstrap), user_of(name))


def _rights_in(admin: Any, user: str) -> list[Any]:
    return list(_answer(admin.describe_acls(_anything_of(user), request_timeout=_TIMEOUT_S)))


def _anything_of(user: str) -> Any:
    api = _api()
    return api.AclBindingFilter(
        api.ResourceType.ANY,
        None,
        api.ResourcePatternType.ANY,
        f"User:{user}",
        None,
        api.AclOperation.ANY,
        api.AclPermissionType.ANY,
    )


def _set_rights(admin: Any, user: str, wanted: list[Any]) -> None:
    found = _rights_in(admin, user)
    surplus = [_exactly(one) for one in found if one not in wanted]
    missing = [one for one in wanted if one not in found]
    if surplus:
        _delete_rights(admin, surplus)
    if missing:
        for answer in admin.create_acls(missing, request_timeout=_TIMEOUT_S).values():
            _answer(answer)


def _delete_rights(admin: Any, which: list[Any]) -> bool:
    """Whether there were any; the cluster's controller looks, who knows the newest."""
    asked = admin.delete_acls(which, request_timeout=_TIMEOUT_S)
    gone = [one for answer in asked.values() for one in _answer(answer)]
    return bool(gone)


def _exactly(one: Any) -> Any:
    """What finds this right and no other."""
    where = (one.restype, one.name, one.resource_pattern_type)
    return _api().AclBindingFilter(
        *where, one.principal, one.host, one.operation, one.permission_type
    )


def _set_password(admin: Any, user: str) -> str:
    api = _api()
    password = secrets.token_urlsafe(_PASSWORD_BYTES)
    kept_as = api.ScramCredentialInfo(api.ScramMechanism.SCRAM_SHA_512, _ITERATIONS)
    # The client salts and hashes it: the cluster never sees the password.
    change = api.UserScramCredentialUpsertion(user, kept_as, password.encode())
    _answer(admin.alter_user_scram_credentials([change], request_timeout=_TIMEOUT_S)[user])
    return password


def _wait_until_known(admin: Any, user: str, rights: list[Any]) -> None:
    """The controller has it; a broker hears of it a moment later."""
    give_up_at = time.monotonic() + _TIMEOUT_S
    while not (_has_login(admin, user) and sorted(_rights_in(admin, user)) == sorted(rights)):
        if time.monotonic() > give_up_at:
            raise PartnerKafkaError(f"Kafka has not let {user} in within {_TIMEOUT_S:g} s")
        time.sleep(_LOOK_AGAIN_S)


def _has_login(admin: Any, user: str) -> bool:
    asked = admin.describe_user_scram_credentials([user], request_timeout=_TIMEOUT_S)
    return _is_found(asked[user])


def _api() -> Any:
    """The admin's module; its stubs hide most of what it holds."""
    from confluent_kafka import admin

    return admin


def _admin(bootstrap: str) -> Any:
    return _api().AdminClient(
        {
            "bootstrap.servers": bootstrap,
            "client.id": "orderproof-partners",
            # What fails is told by its answer; the library would tell it on stderr too.
            "log_level": 0,
        }
    )


def _answer(answer: Future[Any]) -> Any:
    from confluent_kafka import KafkaException

    try:
        return answer.result()
    except KafkaException as error:
        raise PartnerKafkaError(error.args[0].str()) from error


def _is_found(answer: Future[Any]) -> bool:
    """Whether what was asked for is there. Raises for every other refusal."""
    from confluent_kafka import KafkaError

    try:
        _answer(answer)
    except PartnerKafkaError as error:
        cause = error.__cause__
        if cause is not None and cause.args[0].code() == KafkaError.RESOURCE_NOT_FOUND:
            return False
        raise
    return True
