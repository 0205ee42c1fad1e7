"""What was only on its way is looked at again and forgotten; what stays wrong is reported."""

from collections.abc import Collection, Mapping

import pytest
from local_runtime.audit.comparison import WRONG_MAX, Reading, compare


class Scripted:
    """A comparison whose looks give what they are told to."""

    name = "scripted"
    sentence = "It holds."

    def __init__(self, *looks: set[str] | Exception) -> None:
        self.looks = list(looks)
        self.asked: list[set[str]] = []

    async def look(self) -> Reading:
        return Reading(compared=9, wrong=dict.fromkeys(self._next(), "first"))

    async def look_again(self, ids: Collection[str]) -> Mapping[str, str]:
        self.asked.append(set(ids))
        return dict.fromkeys(self._next(), "again")

    def _next(self) -> set[str]:
        now = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if isinstance(now, Exception):
            raise now
        return now


class Pauses(list[float]):
    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


async def test_what_agrees_is_looked_at_once() -> None:
    pauses = Pauses()

    outcome = await compare(Scripted(set()), 20, pauses)

    assert (outcome.holds, outcome.reading.compared, pauses) == (True, 9, [])


async def test_only_what_is_wrong_in_every_look_is_wrong() -> None:
    scripted = Scripted({"ord_1", "ord_2"}, {"ord_2", "ord_3"}, {"ord_1", "ord_2"})

    outcome = await compare(scripted, 20, Pauses())

    assert outcome.reading.wrong == {"ord_2": "again"}
    assert not outcome.holds
    assert scripted.asked[:2] == [{"ord_1", "ord_2"}, {"ord_2"}]


async def test_it_stops_as_soon_as_all_is_right_and_gives_up_after_the_grace_time() -> None:
    early, late = Pauses(), Pauses()

    assert (await compare(Scripted({"ord_1"}, {"ord_1"}, set()), 20, early)).holds
    assert not (await compare(Scripted({"ord_1"}), 20, late)).holds

    assert early == [0.5, 1.0]
    assert sum(late) == pytest.approx(20, abs=4)


async def test_without_a_grace_time_the_first_look_counts() -> None:
    assert not (await compare(Scripted({"ord_1"}, set()), 0, Pauses())).holds


@pytest.mark.parametrize("looks", [(OSError("away"),), ({"ord_1"}, OSError("away"))])
async def test_what_could_not_be_read_does_not_hold(looks: tuple[set[str] | Exception]) -> None:
    outcome = await compare(Scripted(*looks), 20, Pauses())

    assert (outcome.holds, outcome.unchecked) == (False, "OSError: away")


def test_no_more_than_a_thousand_are_kept() -> None:
    reading = Reading()
    reading.note({str(number): "" for number in range(2 * WRONG_MAX)})

    assert len(reading.wrong) == WRONG_MAX
