"""What the command says and answers of a plan, where something changes between the plan and the run; in one process."""

import io
import json
import os

import pytest

from imgpipe import cli
from imgpipe.cli.dry_run import show_plan
from imgpipe.cli.process import run_plan
from imgpipe.cli.request import Request
from imgpipe.concurrency.signals import StopRequest
from imgpipe.recipe import Recipe
from imgpipe.report.page.gather import gather
from imgpipe.report.page.sums import notices
from imgpipe.report.record import read_record
from imgpipe.run import prepare
from tests.folders import paint
from tests.runs import options, run

WEBP = Recipe(format="webp")


@pytest.fixture
def pictures(tmp_path):
    for seed, name in enumerate(("a.png", "b.png", "x/c.png")):
        paint(tmp_path / "in" / name, seed=seed)
    return tmp_path / "in"


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def request(**more):
    return Request(WEBP, web_ready=False, options=options(**more), progress=False)


def told(lines):
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def test_inputs_that_are_gone_when_their_turn_comes_are_told_and_all_is_not_well(pictures, out, capsys):
    plan = prepare(str(pictures), str(out), WEBP, options())
    os.unlink(pictures / "b.png")
    lines = io.StringIO()
    assert run_plan(plan, request(), StopRequest(), lines) == cli.SOME_FAILED
    said = capsys.readouterr().out
    assert "3 inputs: 2 written, 0 unchanged, 0 failed, 1 skipped" in said
    assert "\n1 gone when their turn came" in said
    assert "not begun" not in said
    summary = told(lines)[-1]
    assert (summary["skipped"], summary["gone"], summary["interrupted"]) == (1, 1, False)
    assert notices(gather(read_record(str(out))))[0].startswith("1 input gone when")


def test_a_dry_run_looks_at_what_pruning_will_leave(pictures, out, capsys):
    run(pictures, out, WEBP)
    os.unlink(pictures / "b.png")
    paint(pictures / "b.bmp", seed=9)
    plan = prepare(str(pictures), str(out), WEBP, options(prune=True))
    assert show_plan(plan, request(prune=True), StopRequest(), None) == cli.OK
    assert "b.bmp -> b.webp\n" in capsys.readouterr().out
    lines = io.StringIO()
    assert run_plan(plan, request(prune=True), StopRequest(), lines) == cli.OK
    assert [(line["source"], line["status"]) for line in told(lines)[:-1]] == [
        ("b.png", "pruned"),
        ("a.png", "unchanged"),
        ("b.bmp", "written"),
        ("x/c.png", "unchanged"),
    ]
