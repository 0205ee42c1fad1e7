"""A run that shows nothing, or breaks anything, fails; what was not run is named."""

import asyncio
import io
import json
import os
import signal
from pathlib import Path

import pytest
from rich.console import Console

from tests.proof import catalogue, cli, report
from tests.proof.cli import Options, main
from tests.proof.judges.verdict import Violation
from tests.proof.report import Row
from tests.proof.runner import Pace

BROKEN = Violation("captured-once", "ord_1", "captured 2 times")


def test_a_row_passes_only_with_a_witness_and_no_violation() -> None:
    assert Row("F2", "x", 1, witness="seen").passed
    assert not Row("F2", "x", 1).passed
    assert not Row("F2", "x", 1, witness="seen", void="nothing in flight").passed
    assert not Row("F2", "x", 1, witness="seen", violations=[BROKEN]).passed


def test_the_document_passes_when_every_row_does() -> None:
    good, bad = Row("F2", "x", 1, witness="seen", orders=3), Row("F3", "x", 1)

    told = report.document([good], ["F5"], seed=7)
    assert (told["passed"], told["orders"], told["not_run"], told["seed"]) == (True, 3, ["F5"], 7)
    assert not report.document([good, bad], [])["passed"]
    assert not report.document([], [])["passed"]


def test_the_line_of_a_run_says_what_the_next_order_came_to() -> None:
    shown = io.StringIO()
    row = Row("F2", "x", 1, witness="seen", recovery_s=16.2, recovered_as="expired")
    report.Progress(Console(file=shown, width=200)).finished(row)

    assert "next one expired in 16.2 s" in shown.getvalue()


def test_money_stock_and_mails_are_told_apart() -> None:
    row = Row("F2", "x", 1, witness="seen", violations=[BROKEN])

    cells = [row.holds(one) for one in (report.MONEY, report.STOCK, report.MAILS)]
    assert cells == ["1 BROKEN", "right", "right"]
    assert Row("F2", "x", 1, void="no witness").holds(report.MONEY) == "void"


def test_a_failed_run_is_told_in_lines_that_fit_a_screen() -> None:
    shown = io.StringIO()
    progress = report.Progress(Console(file=shown, width=200, soft_wrap=True))
    row = Row("F2", "x", 1, void="not ready\n" + "x" * 5_000, timeline=["y" * 5_000], again="do")
    progress.finished(row)
    progress.phase("first\nsecond")

    lines = shown.getvalue().splitlines()
    assert [len(line) <= report.LINE_MAX + 30 for line in lines] == [True] * 6
    assert "not ready" in lines[1]
    assert "again: do" in lines[4]
    assert lines[5].endswith("first")


def test_a_run_that_is_ended_tells_what_it_has_and_does_not_pass(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def ended_after_one(_: Options, progress: report.Progress) -> list[Row]:
        progress.finished(Row("F2", "x", 7, witness="seen", orders=3))
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.Event().wait()
        return []

    stage = cli.Stage("faults", ended_after_one, lambda _: ())
    monkeypatch.setattr(cli, "STAGES", (stage,))
    monkeypatch.chdir(tmp_path)

    assert main(["--seed", "7"]) == 128 + signal.SIGTERM
    told = json.loads((tmp_path / report.FILE).read_text())
    assert (told["passed"], told["orders"]) == (False, 3)
    assert told["not_run"] == ["what would have come later"]


def test_what_needs_no_servers_goes_on_beside_the_rest(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    begun = asyncio.Event()

    async def beside(options: Options, _: report.Progress) -> Row:
        begun.set()
        return Row("simulation", "x", options.seed, witness="seen")

    async def waits_for_it(options: Options, _: report.Progress) -> list[Row]:
        await asyncio.wait_for(begun.wait(), 10)
        return [Row("F2", "x", options.seed, witness="seen")]

    first = cli.Stage("faults", waits_for_it, lambda _: ())
    last = cli.Stage("simulation", waits_for_it, lambda _: (), beside=beside)
    monkeypatch.setattr(cli, "STAGES", (first, last))
    monkeypatch.chdir(tmp_path)

    assert main([]) == 0
    told = json.loads((tmp_path / report.FILE).read_text())
    assert [one["id"] for one in told["rows"]] == ["F2", "F2", "simulation"]


def test_what_was_not_run_is_named_and_the_long_sweep_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    pace, stages = Pace(), ("faults",)
    told = cli.not_run(Options(1, ("F2",), full=False, minutes=None, pace=pace, stages=stages))

    assert "F5" in told
    assert "F1.blind (needs strace)" in told
    assert "40 runs of FULL=1 alone" in told
    assert "F2" not in told


def test_ids_are_unique_and_of_the_catalogue() -> None:
    ids = [one.id for one in catalogue.FAULTS]

    assert len(ids) == len(set(ids))
    assert {one.family for one in catalogue.FAULTS} <= catalogue.CATALOGUE.keys()


def test_a_family_chooses_its_faults_and_the_long_sweep_only_by_name_or_in_full() -> None:
    assert {one.family for one in catalogue.chosen(["F30"], full=False)} == {"F30"}
    assert [one.id for one in catalogue.chosen(["F1.K5"], full=False)] == ["F1.K5"]
    short = {one.id for one in catalogue.chosen([], full=False)}
    assert short < {one.id for one in catalogue.chosen([], full=True)}


def test_an_unknown_fault_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--only", "F99,R4"])

    assert "F99: no such run" in capsys.readouterr().err
