"""What the demo prints can be read in the order it happened, and copied whole."""

from io import StringIO

from local_runtime.demo_milestones import milestones
from local_runtime.demo_screen import Stream, addresses, columns, stage_line
from rich.console import Console


def transition(at: str, **axes: str) -> dict[str, str]:
    states = {"payment": "pending", "stock": "pending", "status": "pending"}
    return {**states, **axes, "at": f"2026-03-01T12:00:{at}Z"}


def test_milestones_come_in_the_order_they_happened_and_once() -> None:
    paid = {"payment": "captured"}
    confirmed = {**paid, "stock": "reserved", "status": "confirmed"}
    mail = {
        "message_id": "<1>",
        "subject": "Your order web-1 has been received",
        "received_at": "2026-03-01T12:00:00.150+00:00",
    }
    seen = milestones(
        [
            transition("00.000"),
            transition("00.200", **paid),
            transition("00.100", **paid),
            transition("00.300", **confirmed),
            transition("00.400", **confirmed | {"status": "shipped"}),
        ],
        [mail, mail],
    )

    assert [one.told for one in seen] == [
        "mailed “Your order web-1 has been received”",
        "paid",
        "reserved",
        "confirmed",
        "shipped",
    ]


def test_columns_are_aligned_and_never_folded() -> None:
    long = "postgresql://" + "x" * 200

    assert columns([("a", long, "b"), ("ccc", "d", "")]) == f"  a    {long}  b\n  ccc  d"


def test_addresses_name_every_door() -> None:
    text = addresses(
        {
            "orders": "http://o",
            "console": "http://c",
            "mail": {"messages": "http://m/messages"},
            "provider": "http://p",
            "kafka": "k:1",
            "databases": {"orders": "postgresql://d"},
        },
        ["orders"],
    )

    for one in ("http://o/docs", "http://m/messages", "http://p/book", "http://c/traces", "k:1"):
        assert one in text
    assert "psql postgresql://d" in text


def test_seconds_keep_their_stages_order() -> None:
    assert stage_line({"boot": 4.26, "first": 0.5}) == "Seconds: boot 4.3, first 0.5"


def test_without_a_terminal_the_stream_is_a_line_per_order() -> None:
    screen = StringIO()
    with Stream(Console(file=screen, force_terminal=False, soft_wrap=True)) as stream:
        stream.show("12:00:00", "ord_1", "delivered", 0.41)

    assert screen.getvalue() == "12:00:00  ord_1  delivered  0.4 s\n"


def test_on_a_terminal_the_stream_shows_the_newest_orders_only() -> None:
    screen = StringIO()
    with Stream(Console(file=screen, force_terminal=True, width=100)) as stream:
        for number in range(20):
            stream.show("12:00:00", f"ord_{number:02}", "delivered", 0.4)

    last = screen.getvalue()[screen.getvalue().rindex("ord_05") :]
    assert "ord_04" not in last
    assert "20 orders so far" in last
