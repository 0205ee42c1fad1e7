"""Contracts: the last moment to decide, types and their versions, and the key of a record."""

from datetime import UTC, datetime, timedelta

import pytest
from shared.contracts.catalogue import EVENTS, FAMILIES
from shared.contracts.event import EventType, split_type
from shared.contracts.orders import OrderPlaced, StorefrontOrderRefused
from shared.contracts.storefront import OrderSubmitted, Submission, field_errors, pointer

from tests.contract.stored import sample

PLACED_AT = datetime(2026, 11, 2, 8, 26, tzinfo=UTC)


def placed(window: timedelta) -> OrderPlaced:
    event = OrderPlaced.model_validate(sample(OrderPlaced.type))
    return event.model_copy(update={"placed_at": PLACED_AT, "deadline_at": PLACED_AT + window})


@pytest.mark.parametrize(
    ("window_s", "margin_s"),
    [(900, 10), (51, 10), (50, 10), (49, 9.8), (5, 1), (1, 0.2), (0, 0)],
)
def test_a_decision_leaves_ten_seconds_or_a_fifth_of_the_window(
    window_s: float, margin_s: float
) -> None:
    event = placed(timedelta(seconds=window_s))

    assert event.deadline_at - event.decide_by == timedelta(seconds=margin_s)


def test_there_is_always_time_to_decide() -> None:
    for window_s in (0.001, 5, 49.9, 50, 900, 86_400):
        event = placed(timedelta(seconds=window_s))
        assert event.placed_at < event.decide_by < event.deadline_at


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("orders.order-placed.v1", ("orders.order-placed", "1")),
        ("orders.order-placed.v12", ("orders.order-placed", "12")),
        ("orders.v-neck-ordered.v1", ("orders.v-neck-ordered", "1")),
        ("com.example.someevent", ("com.example.someevent", "")),
        ("", ("", "")),
    ],
)
def test_a_type_is_a_family_and_its_version(name: str, parts: tuple[str, str]) -> None:
    assert split_type(name) == EventType(*parts)


def test_every_type_is_in_the_catalogue_by_its_own_name() -> None:
    assert all(event.type == name for name, event in EVENTS.items())
    assert "orders.order-placed" in FAMILIES


def test_a_refused_submission_is_keyed_by_the_reference_for_it_has_no_order() -> None:
    refused = StorefrontOrderRefused(client_reference="web-1", reason="validation-failed")

    assert refused.key == "web-1"
    assert refused.order_id == ""


def test_an_order_event_is_keyed_by_its_order() -> None:
    event = placed(timedelta(seconds=900))

    assert event.key == event.order_id


def test_a_token_does_not_show_when_an_event_is_printed() -> None:
    assert "tok_ok" not in repr(placed(timedelta(seconds=900)))


@pytest.mark.parametrize(
    ("location", "text"),
    [
        (("lines", 0, "sku"), "/lines/0/sku"),
        (("a/b", "m~n"), "/a~1b/m~0n"),
        ((), ""),
    ],
)
def test_a_pointer_escapes_as_rfc_6901_says(location: tuple[int | str, ...], text: str) -> None:
    assert pointer(location) == text


def test_the_errors_of_a_body_point_at_its_members_and_are_bounded() -> None:
    line = {"sku": "", "quantity": 0, "unit_price_minor": -1}
    body = {**sample("storefront.order-submitted.v1"), "lines": [line] * 40}

    with pytest.raises(ValueError) as caught:
        Submission.model_validate(body)

    errors = field_errors(caught.value)  # type: ignore[arg-type]
    assert len(errors) == 50
    assert errors[0].pointer == "/lines/0/sku"


@pytest.mark.parametrize(
    ("member", "good", "bad"),
    [
        ("client_reference", "x" * 128, "x" * 129),
        ("client_reference", "x", ""),
        ("total_minor", 1, 0),
        ("total_minor", 10**15, 10**15 + 1),
        ("total_minor", 3564, 3564.0),
        ("total_minor", 3564, "3564"),
        ("currency", "JPY", "jpy"),
        ("locale", "de", "german"),
        ("channel", "c2c", "d2d"),
        ("campaign", None, "nul\x00"),
        ("campaign", "\U0001f600", "\ud83d"),
        ("metadata", {f"k{n}": "" for n in range(50)}, {f"k{n}": "" for n in range(51)}),
        ("metadata", {"k": "x" * 500}, {"k": "x" * 501}),
    ],
)
def test_a_submission_has_its_limits(member: str, good: object, bad: object) -> None:
    body = sample("storefront.order-submitted.v1")

    Submission.model_validate({**body, member: good})
    with pytest.raises(ValueError):
        Submission.model_validate({**body, member: bad})


@pytest.mark.parametrize(
    ("member", "good", "bad"),
    [
        ("quantity", 1, 0),
        ("quantity", 1_000_000, 1_000_001),
        ("unit_price_minor", 0, -1),
        ("description", "x" * 500, "x" * 501),
        ("sku", "x" * 64, "x" * 65),
    ],
)
def test_a_line_has_its_limits(member: str, good: object, bad: object) -> None:
    body = sample("storefront.order-submitted.v1")
    line = body["lines"][0]

    Submission.model_validate({**body, "lines": [{**line, member: good}]})
    with pytest.raises(ValueError):
        Submission.model_validate({**body, "lines": [{**line, member: bad}]})


def test_unknown_members_of_a_submission_are_refused() -> None:
    """Else a storefront could believe that its ``status`` or ``paid`` was heard."""
    with pytest.raises(ValueError, match="paid"):
        Submission.model_validate({**sample("storefront.order-submitted.v1"), "paid": True})


@pytest.mark.parametrize(
    ("count", "accepted"), [(0, False), (1, True), (1000, True), (1001, False)]
)
def test_an_order_has_one_to_a_thousand_lines(count: int, accepted: bool) -> None:
    body = sample("storefront.order-submitted.v1")
    body = {**body, "lines": [body["lines"][0]] * count}

    if accepted:
        Submission.model_validate(body)
    else:
        with pytest.raises(ValueError):
            Submission.model_validate(body)


@pytest.mark.parametrize(
    ("reference", "key"),
    [("web-1", "web-1"), ("r" * 128, "r" * 128), ("r" * 129, "r" * 128), ("a\x00b", "a\ufffdb")],
)
def test_the_key_of_a_submission_can_be_stored_whatever_its_reference(
    reference: str, key: str
) -> None:
    assert OrderSubmitted(body={"client_reference": reference}).key == key


def test_a_submission_counts_as_many_lines_as_it_brings() -> None:
    """A batch is cut by its lines; a submission's cost as much as those of an order placed."""
    assert OrderSubmitted(body={"lines": [{}] * 300}).line_count == 300
    assert placed(timedelta(seconds=5)).line_count == 2
    odd: tuple[object, ...] = ({"lines": 7}, {}, [], None)
    assert [OrderSubmitted(body=one).line_count for one in odd] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('{"a": 1, "b": {"a": 1}}', None),
        ('{"a": 1, "a": 1}', "/a"),
        ('{"lines": [{"sku": "x"}, {"sku": "x", "sku": "x"}]}', "/lines/1/sku"),
        ('{"a\\u0000": 1, "a\\u0000": 1}', "/a\\u0000"),
        ('{"a": NaN, "a": ' + "9" * 4_000 + "}", "/a"),
    ],
)
def test_a_submission_points_at_the_member_that_is_given_twice(
    text: str, where: str | None
) -> None:
    assert OrderSubmitted.from_json(text.encode()).repeated == where
