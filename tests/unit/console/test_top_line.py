"""The line on top: red only by a rule, calm about what is not known, readable in both themes."""

import re
from importlib.resources import files

import pytest
from console.domain.alarms import Alarm, Doubt
from console.render import draw

RED = [Alarm("lagging", "payments reads 44 s behind", "consumer-lagging")]
UNREAD = Doubt("orders", "orders has not said how far behind it reads.")
UNCHECKED = [Doubt(one, f"{one} has not checked a promise.") for one in ("orders", "payments")]
TEXT_CONTRAST_MIN, DRAWN_CONTRAST_MIN = 4.5, 3.0  # WCAG 2.1, 1.4.3 and 1.4.11 (AA).


def top(alarms: list[Alarm], doubts: list[Doubt]) -> str:
    return draw("alarms.html", {"looked": True, "alarms": alarms, "doubts": doubts})


def within(tag: str, shown: str) -> str:
    """What stands between the first such tag and its end."""
    [inside] = re.findall(rf"<{tag}[^>]*>(.*?)</{tag}>", shown, re.DOTALL)[:1]
    return str(inside)


@pytest.mark.parametrize(
    ("doubts", "says"),
    [
        ([UNREAD], "1 service has not told everything"),
        ([UNREAD, UNCHECKED[0]], "1 service has not told everything"),
        ([UNREAD, *UNCHECKED], "2 services have not told everything"),
    ],
)
def test_what_is_not_known_is_one_line_which_counts_services_and_opens_to_sentences(
    doubts: list[Doubt], says: str
) -> None:
    shown = top([], doubts)
    details = within("details", shown)

    assert shown.count("<details") == 1
    assert '<div class="alarms wait" role="status">' in shown
    assert says in within("summary", details)
    assert all(f"<li>{one.says}</li>" in within("ul", details) for one in doubts)


def test_what_is_read_out_of_what_is_red_does_not_change_with_each_figure() -> None:
    """Who hears the page would hear it again at each look."""
    looks = [
        top([Alarm(RED[0].rule, f"payments reads {lag_s} s behind", RED[0].runbook)], [])
        for lag_s in (44, 46)
    ]

    assert looks[0] != looks[1]
    assert {re.sub(r"<[^>]+>", "", within("strong", one)) for one in looks} == {"Red: lagging"}
    assert all(one.count('role="alert"') == 1 for one in looks)
    assert '<strong id="red" role="alert">' in looks[0]


def test_beside_what_is_red_a_doubt_stands_apart_and_raises_no_alarm() -> None:
    shown = top(RED, [UNREAD])

    assert RED[0].says in within("div", shown)
    assert UNREAD.says not in within("div", shown)
    assert UNREAD.says in within("details", shown)
    assert shown.count('class="alarms') == 1


@pytest.mark.parametrize(
    ("alarms", "doubts", "colour"),
    [
        (RED, [], "red"),
        (RED, [UNREAD], "red"),
        ([], [UNREAD], "wait"),
        ([], [], "green"),
    ],
)
def test_it_is_red_exactly_when_a_rule_is(
    alarms: list[Alarm], doubts: list[Doubt], colour: str
) -> None:
    shown = top(alarms, doubts)

    assert re.findall(r'class="alarms (\w+)"', shown) == [colour]
    assert ("<details" in shown) == bool(doubts)


def luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb`` (WCAG 2.1)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.03928 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def themes() -> dict[str, tuple[str, ...]]:
    """Each colour that has a name, in the light and in the dark theme."""
    css = files("console").joinpath("static", "console.css").read_text("utf-8")
    named = re.findall(r"--([a-z\d-]+): light-dark\((#\w{6}), (#\w{6})\)", css)
    return {name: (light, dark) for name, light, dark in named}


READ = [
    *(("text", back) for back in ("page", "card", "calm-back")),
    *(("soft", back) for back in ("page", "card")),
    *(("link", back) for back in ("page", "card", "wait-back")),
    *((one, f"{one}-back") for one in ("good", "bad", "wait")),
    ("bad", "card"),
]


def contrast(one: str, other: str, theme: int) -> float:
    colours = themes()
    darker, lighter = sorted(luminance(colours[name][theme]) for name in (one, other))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "back"), READ)
def test_what_is_read_stands_out_from_what_is_behind_it(text: str, back: str, theme: int) -> None:
    assert contrast(text, back, theme) >= TEXT_CONTRAST_MIN


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("colour", ["c1", "c2", "c3", "c4", "c5", "c6"])
def test_what_is_drawn_stands_out_from_its_card(colour: str, theme: int) -> None:
    """Columns, bars and the marks of a state; axe-core looks at text alone."""
    assert contrast(colour, "card", theme) >= DRAWN_CONTRAST_MIN
