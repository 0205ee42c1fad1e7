"""The judge of doubled mails allows what a mailer had in hand when it died, and no more."""

import pytest
from shared.work.slots import ROWS_MAX

from tests.support.buyers import Mailed
from tests.support.judges import MAIL_SLOTS, doubled_only_what_was_in_hand

DIED_AT = 1_000.0
LAST_SECOND = 5


def mails(count: int, at: float) -> list[Mailed]:
    return [Mailed(f"{at}-{number}", at) for number in range(count)]


def again(sent: list[Mailed], count: int) -> list[Mailed]:
    """The successor sends some of it once more, all at once."""
    return [Mailed(one.message_id, DIED_AT + 2) for one in sent[:count]]


def a_history(doubled: int) -> list[Mailed]:
    """A busy second long before the death, and few mails in the last one."""
    sent = mails(300, DIED_AT - 30) + mails(LAST_SECOND, DIED_AT - 0.5)
    return sent + again(sent, doubled)


def test_what_was_in_hand_may_come_twice() -> None:
    doubled_only_what_was_in_hand(a_history(MAIL_SLOTS + LAST_SECOND), [DIED_AT])


def test_more_than_was_in_hand_is_caught_however_busy_another_second_was() -> None:
    with pytest.raises(AssertionError, match="14 mails came twice, 13 were in hand"):
        doubled_only_what_was_in_hand(a_history(MAIL_SLOTS + LAST_SECOND + 1), [DIED_AT])


def test_what_comes_again_was_not_in_hand_twice() -> None:
    sent = mails(LAST_SECOND, DIED_AT - 0.5)
    repeated = [Mailed(one.message_id, DIED_AT - 0.1) for one in sent] * 3

    with pytest.raises(AssertionError):
        doubled_only_what_was_in_hand(sent + repeated, [DIED_AT])


def test_no_mail_comes_twice_when_nobody_died() -> None:
    with pytest.raises(AssertionError):
        doubled_only_what_was_in_hand(a_history(1), [])


def test_each_death_leaves_what_was_in_hand_then() -> None:
    sent = mails(LAST_SECOND, DIED_AT - 0.5) + mails(40, DIED_AT + 0.5)
    history = sent + again(sent, 2 * MAIL_SLOTS + 2 * LAST_SECOND)

    with pytest.raises(AssertionError):
        doubled_only_what_was_in_hand(history, [DIED_AT])
    doubled_only_what_was_in_hand(history, [DIED_AT, DIED_AT + 1])


def test_no_more_are_in_hand_than_the_slots_bound() -> None:
    sent = mails(2 * ROWS_MAX, DIED_AT - 0.5)
    doubled_only_what_was_in_hand(sent + again(sent, MAIL_SLOTS + ROWS_MAX), [DIED_AT])

    with pytest.raises(AssertionError):
        doubled_only_what_was_in_hand(sent + again(sent, MAIL_SLOTS + ROWS_MAX + 1), [DIED_AT])
