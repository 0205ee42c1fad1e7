"""The simulated provider keeps to what it promises, or its judge's book is wrong."""

from payments.domain.money import Money
from payments.provider import Charge

from tests.simulation.provider import SimulatedProvider
from tests.simulation.seams import SimulatedClock

CHARGE = Charge("key-1", "ord_1", Money(100, "GBP"), "tok")


def test_of_two_late_calls_under_one_key_the_first_alone_takes_place() -> None:
    provider = SimulatedProvider(SimulatedClock())
    provider.do_late(CHARGE, 0, wrong=False)
    provider.do_late(CHARGE, 0, wrong=True)

    assert provider.catch_up() == [(CHARGE, False)]
    assert [one.minor for one in provider.book] == [100]
