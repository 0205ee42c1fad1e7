"""The demo that breaks things ends well only when the console has told of what broke."""

from typing import Any, cast

import pytest
from local_runtime import demo_chaos
from local_runtime.demo_chaos import Trouble
from local_runtime.demo_system import System


class Console:
    """Says that ``rule`` is red, or nothing."""

    def __init__(self, tells: bool) -> None:
        self.tells, self.broken = tells, False

    async def alarms(self) -> list[dict[str, Any]]:
        return [{"rule": "parked", "says": "1"}] if self.tells and self.broken else []

    async def begin(self) -> None:
        self.broken = True

    async def heal(self) -> None:
        self.broken = False


@pytest.mark.parametrize("tells", [True, False])
async def test_what_the_console_does_not_tell_is_no_success(
    tells: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_chaos, "RED_TIMEOUT_S", 0.1)
    console, said = Console(tells), list[str]()
    trouble = Trouble("it breaks", "parked", console.begin, console.heal)

    told = await demo_chaos._suffer(cast(System, console), trouble, said.append)

    assert told == tells
    assert not console.broken
