"""``orderproof partners``: who is known, by which keys; each key is printed once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.local.fake_partners import KEY, Asked, Desk, a_desk, a_key, a_partner, an_endpoint

ADD = "POST /ops/partners"
LIST = "GET /ops/partners"
SHOW = "GET /ops/partners/acme"
ENDPOINTS = "GET /ops/partners/acme/webhook-endpoints"
KEYS = "POST /ops/partners/acme/keys"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path) as desk:
        yield desk


def test_a_partner_is_added_and_its_key_printed_once_with_the_next_step(desk: Desk) -> None:
    desk.service.on(ADD, a_partner() | {"key": KEY}, status=201)

    result = desk.run("add", "acme")

    assert result.exit_code == 0
    assert result.stdout.count(KEY) == 1
    assert "shown this once and never again" in result.stdout
    assert "docs/partners" in result.stdout
    assert f"curl -H @key.header {desk.service.url}/v1/fulfilment-events\n" in result.stdout
    assert f"{desk.service.url}/v1/webhook-endpoints\n" in result.stdout
    body = {"name": "acme", "seller_id": None, "event_types": None, "key_expires_in_days": None}
    assert desk.service.asked == [Asked("POST", "/ops/partners", "ada", body)]


def test_a_partner_is_added_as_the_options_say(desk: Desk) -> None:
    desk.service.on(ADD, a_partner() | {"key": KEY}, status=201)

    types = ("--event-type", "fulfilment.a.v1", "--event-type", "fulfilment.b.v1")
    options = ("--seller", "sel_1", *types, "--expires-in-days", "90", "--operator", "bob")
    told = desk.ran("add", "acme", *options)

    assert desk.service.asked[0].by == "bob"
    assert desk.service.asked[0].body == {
        "name": "acme",
        "seller_id": "sel_1",
        "event_types": ["fulfilment.a.v1", "fulfilment.b.v1"],
        "key_expires_in_days": 90,
    }
    assert (told["key"], told["docs"]) == (KEY, "docs/partners")
    assert told["addresses"] == {
        "pull": f"{desk.service.url}/v1/fulfilment-events",
        "webhook_endpoints": f"{desk.service.url}/v1/webhook-endpoints",
    }


def test_a_name_that_is_taken_is_told_in_the_services_words(desk: Desk) -> None:
    taken = {"title": "Partner exists", "detail": "There is a partner acme."}
    desk.service.on(ADD, taken, status=409)

    result = desk.run("add", "acme")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "notifications: 409 There is a partner acme.\n"


def test_each_field_that_is_wrong_is_named(desk: Desk) -> None:
    wrong = [{"pointer": "/event_types/0", "detail": "one of a, b"}]
    problem = {"title": "t", "detail": "The request has another shape.", "errors": wrong}
    desk.service.on(ADD, problem, status=422)

    told = desk.ran("add", "acme", "--event-type", "x", code=1)

    shape = "notifications: 422 The request has another shape. (/event_types/0: one of a, b)"
    assert told == {"error": shape}


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a b", "a?b", "ä", "a" * 65])
def test_what_can_be_no_name_is_asked_of_nobody(desk: Desk, name: str) -> None:
    result = desk.run("show", name)

    assert result.exit_code == 2
    assert desk.service.asked == []


@pytest.mark.parametrize("days", ["0", "3651", "soon"])
def test_days_are_in_their_limits(desk: Desk, days: str) -> None:
    assert desk.run("add", "acme", "--expires-in-days", days).exit_code == 2
    assert desk.service.asked == []


def test_a_list_takes_every_page_and_counts_valid_keys(desk: Desk) -> None:
    ended = a_key("pky_2", revoked_at="2026-03-02T12:00:00.000Z")
    first = {"partners": [a_partner("acme", a_key(), ended)], "next_cursor": "c/1"}
    second = {"partners": [a_partner("zeta", seller_id="sel_1")], "next_cursor": None}
    desk.service.on(LIST, first, second, first, second)

    result = desk.run("list")
    told = desk.ran("list")

    head, acme, zeta = (line.split() for line in result.stdout.splitlines())
    assert head == ["name", "seller_id", "created_at", "valid", "keys"]
    assert (acme[0], acme[-3:], zeta[1]) == ("acme", ["1", "of", "2"], "sel_1")
    assert [one["name"] for one in told["partners"]] == ["acme", "zeta"]
    assert desk.service.paths[:2] == [f"{LIST}?limit=200", f"{LIST}?cursor=c/1&limit=200"]


def test_an_empty_list_says_how_to_add_one(desk: Desk) -> None:
    desk.service.on(LIST, {"partners": [], "next_cursor": None})

    assert desk.run("list").stdout.endswith("add one with: orderproof partners add NAME\n")


def test_a_partner_is_shown_with_how_its_keys_and_endpoints_stand(desk: Desk) -> None:
    past, future = "2026-03-02T12:00:00.000Z", "2999-01-01T00:00:00.000Z"
    keys = (
        a_key("pky_1"),
        a_key("pky_2", expires_at=future),
        a_key("pky_3", expires_at=future, revoked_at=past),
        a_key("pky_4", expires_at=past),
    )
    gone = an_endpoint("whe_3", enabled=False, disabled_reason="gone", disabled_at=past)
    endpoints = [an_endpoint("whe_1"), an_endpoint("whe_2", failing_since=past), gone]
    desk.service.on(SHOW, a_partner("acme", *keys))
    desk.service.on(ENDPOINTS, {"endpoints": endpoints, "next_cursor": None})

    told = desk.run("show", "acme").stdout
    document = desk.ran("show", "acme")

    ends = {line.split()[0]: line for line in told.splitlines() if line}
    assert ends["pky_1"].endswith("  valid")
    assert ends["pky_2"].endswith(f"  valid until {future}")
    assert ends["pky_3"].endswith(f"  revoked since {past}")
    assert ends["pky_4"].endswith(f"  expired since {past}")
    assert ends["whe_1"].endswith("  enabled")
    assert ends["whe_2"].endswith(f"  enabled, failing since {past}")
    assert ends["whe_3"].endswith(f"  disabled (gone) since {past}")
    assert (len(document["keys"]), len(document["endpoints"])) == (4, 3)


@pytest.mark.parametrize(("options", "granted"), [([], True), (["--withdraw"], False)])
def test_shipping_addresses_are_granted_and_withdrawn(
    desk: Desk, options: list[str], *, granted: bool
) -> None:
    desk.service.on("PATCH /ops/partners/acme", a_partner(sees_addresses=granted))

    result = desk.run("addresses", "acme", *options)

    assert result.exit_code == 0
    assert ("acme may see" if granted else "no shipping addresses") in result.stdout
    assert desk.service.asked[0].body == {"sees_addresses": granted}
    assert desk.service.asked[0].by == "ada"


def test_a_partner_may_be_granted_addresses_when_it_is_added(desk: Desk) -> None:
    desk.service.on(ADD, a_partner(sees_addresses=True) | {"key": KEY}, status=201)
    desk.ran("add", "acme", "--addresses")

    assert desk.service.asked[0].body is not None
    assert desk.service.asked[0].body["sees_addresses"] is True


@pytest.mark.parametrize(
    "command",
    [
        ["show", "nobody"],
        ["addresses", "nobody"],
        ["keys", "add", "nobody"],
        ["keys", "revoke", "nobody", "pky_1"],
        ["endpoints", "add", "nobody", "https://hooks.example"],
        ["endpoints", "remove", "nobody", "whe_1"],
        ["endpoints", "enable", "nobody", "whe_1"],
        ["endpoints", "disable", "nobody", "whe_1"],
        ["endpoints", "test", "nobody", "whe_1"],
        ["endpoints", "rotate", "nobody", "whe_1"],
        ["deliveries", "nobody", "whe_1"],
        ["deliveries", "nobody", "whe_1", "--delivery", "1"],
        ["replay", "nobody", "whe_1", "--failed"],
    ],
)
def test_an_unknown_partner_is_told_in_the_services_words(desk: Desk, command: list[str]) -> None:
    result = desk.run(*command)

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "notifications: 404 There is no such partner.\n"
    assert desk.ran(*command, code=1) == {"error": result.stderr.strip()}


def test_a_further_key_is_printed_once(desk: Desk) -> None:
    desk.service.on(KEYS, a_key("pky_2") | {"key": KEY}, status=201)

    result = desk.run("keys", "add", "acme")
    told = desk.ran("keys", "add", "acme", "--scope", "events:read", "--expires-in-days", "1")

    assert (result.exit_code, result.stdout.count(KEY)) == (0, 1)
    assert told["key"] == KEY
    assert [one.body for one in desk.service.asked] == [
        {"expires_in_days": None},
        {"expires_in_days": 1, "scopes": ["events:read"]},
    ]


def test_a_scope_that_there_is_not_adds_no_key(desk: Desk) -> None:
    assert desk.run("keys", "add", "acme", "--scope", "all").exit_code == 2
    assert desk.service.asked == []


@pytest.mark.parametrize(("options", "at_once"), [([], "true"), (["--in-24-hours"], "false")])
def test_a_key_is_revoked_now_or_later(desk: Desk, options: list[str], at_once: str) -> None:
    at = "2026-03-02T12:00:00.000Z"
    desk.service.on(f"{KEYS}/pky_1/revoke", a_key(revoked_at=at))

    result = desk.run("keys", "revoke", "acme", "pky_1", *options)

    assert (result.exit_code, result.stdout) == (0, f"Key pky_1 is revoked from {at} on\n")
    assert desk.service.asked[0].by == "ada"
    assert desk.service.paths == [f"{KEYS}/pky_1/revoke?at_once={at_once}"]


def test_what_others_wrote_cannot_steer_the_terminal(desk: Desk) -> None:
    partner = a_partner("acme", seller_id="\x1b[2J[red]\nsel")
    desk.service.on(LIST, {"partners": [partner], "next_cursor": None})

    assert "\\x1b[2J[red]\\nsel" in desk.run("list").stdout


def test_an_operator_whom_no_header_can_name_asks_nobody(desk: Desk) -> None:
    result = desk.run("add", "acme", "--operator", "Zoë")

    assert (result.exit_code, desk.service.asked) == (2, [])
    assert result.stderr == "--operator: printable ASCII characters only\n"


def test_without_a_system_the_command_names_what_starts_one(desk: Desk, tmp_path: Path) -> None:
    result = desk._replace(run_dir=tmp_path / "none").run("add", "acme")

    assert result.exit_code == 1
    assert result.stderr.endswith("start one with: orderproof up --detach\n")
