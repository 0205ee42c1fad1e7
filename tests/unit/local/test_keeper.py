"""A kept process comes back, unless its settings are wrong or it dies too often."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from local_runtime.keeper import GaveUpError, Keeper
from local_runtime.polling import until
from local_runtime.programs import Program
from local_runtime.restarts import RestartLimits, RestartRule

from .conftest import MakeProgram

_QUICK = RestartLimits(delays_s=(0.0,))


@asynccontextmanager
async def _kept(program: Program, renewed: list[int | None]) -> AsyncIterator[Keeper]:
    keeper = Keeper(program, RestartRule(_QUICK), lambda: renewed.append(program.pid))
    await program.start(10)
    keeping = asyncio.create_task(keeper.run())
    try:
        yield keeper
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await program.stop()


async def test_a_killed_process_is_replaced_and_its_new_pid_told(
    make_program: MakeProgram,
) -> None:
    program = make_program({})
    renewed: list[int | None] = []
    async with _kept(program, renewed):
        first = program.pid
        program.send(9)

        await until(lambda: _is_told(renewed), timeout_s=10, what="a new pid")
        await program.wait_ready(10)

        assert renewed == [program.pid]
        assert program.pid != first


async def _is_told(renewed: list[int | None]) -> bool:
    return bool(renewed)


async def test_a_held_process_stays_dead_until_released(make_program: MakeProgram) -> None:
    program = make_program({})
    renewed: list[int | None] = []
    async with _kept(program, renewed) as keeper:
        keeper.hold()
        await program.kill()

        assert program.pid is None

        keeper.release()
        await until(lambda: _is_told(renewed), timeout_s=10, what="a new pid")


async def test_a_wrong_setting_is_not_tried_again(make_program: MakeProgram) -> None:
    program = make_program({"STAND_IN_EXIT_CODE": "78"})
    started: list[int | None] = []
    await program.spawn()

    with pytest.raises(GaveUpError, match="refused its settings") as caught:
        await Keeper(program, RestartRule(_QUICK), lambda: started.append(program.pid)).run()

    assert started == []
    assert caught.value.exit_code == 78


async def test_five_deaths_in_a_minute_end_with_the_tail_of_the_log(
    make_program: MakeProgram,
) -> None:
    program = make_program({"STAND_IN_EXIT_CODE": "1"})
    started: list[int | None] = []
    await program.spawn()

    with pytest.raises(GaveUpError, match="the stand-in says why"):
        await Keeper(program, RestartRule(_QUICK), lambda: started.append(program.pid)).run()

    assert len(started) == 4
