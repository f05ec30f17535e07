"""What the command says and answers of a plan, where something changes between the plan and the run; in one process."""

import io
import json
import os
import signal
from contextlib import closing, contextmanager

import pytest

from imgpipe import cli
from imgpipe.cli import process
from imgpipe.cli.dry_run import show_plan
from imgpipe.cli.json_file import json_file
from imgpipe.cli.notices import notices as cli_notices
from imgpipe.cli.process import run_plan
from imgpipe.cli.request import Request
from imgpipe.concurrency.signals import StopRequest
from imgpipe.engines import Workforce
from imgpipe.errors import OutputError
from imgpipe.options import Options
from imgpipe.recipe import Recipe
from imgpipe.report.page.gather import gather
from imgpipe.report.page.sums import notices
from imgpipe.report.record import read_record
from imgpipe.run import execute, prepare
from tests.folders import contents, paint, paint_all
from tests.runs import options, run

WEBP = Recipe(format="webp")


@pytest.fixture
def pictures(tmp_path):
    return paint_all(tmp_path / "in", ("a.png", "b.png", "x/c.png"))


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


def test_a_folder_that_will_be_called_like_a_picture_is_told_of_once(pictures, out):
    os.makedirs(out / "there.webp")
    for name, said in (("web.webp", 1), ("web", 0), ("web.webp/", 0), ("web.tar", 0), ("there.webp", 0)):
        target = f"{out}/{name}"
        plan = prepare(str(pictures), target, WEBP, options())
        given = {"source": str(pictures), "target": target, "prune": False}
        assert list(cli_notices(plan, given, web_ready=False)) == said * [
            f"OUTPUT is a folder, and {target} becomes one"
        ]


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


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (OutputError("no room"), cli.CANNOT_GO_ON, "no room"),
        (BrokenPipeError(), cli.SOME_FAILED, "who was to read the JSON has gone; the same command again goes on"),
    ],
)
def test_what_was_in_flight_when_json_could_not_be_written_is_finished_and_counted(
    error, status, words, pictures, out, capsys
):
    class Broken(io.StringIO):
        def write(self, text):
            raise error

    for seed in range(20):
        paint(pictures / f"{seed}.png", (60, 40), seed=seed)
    three = Options("threads", Workforce(cores=3))
    asked = request()._replace(options=three)
    plan = prepare(str(pictures), str(out), WEBP, three)
    assert run_plan(plan, asked, StopRequest(), Broken()) == status
    said = capsys.readouterr()
    assert said.out.startswith(f"23 inputs: {len(contents(out))} written")
    assert said.err == f"imgpipe: {words}\n"
    assert next(line for line in read_record(str(out)) if line.get("type") == "summary")["error"] == words


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no full device")
@pytest.mark.parametrize("count", [0, 3])
def test_a_file_of_json_that_cannot_be_written_ends_the_run_with_one_line_and_the_sums(pictures, out, count, capsys):
    if not count:
        (pictures / "none").mkdir()
    plan = prepare(str(pictures if count else pictures / "none"), str(out), WEBP, options())
    with json_file("/dev/full") as lines:
        assert run_plan(plan, request(), StopRequest(), lines) == cli.CANNOT_GO_ON
    said = capsys.readouterr()
    assert said.err == (
        "imgpipe: cannot write /dev/full: No space left on device; mend that and run the same command again\n"
    )
    assert said.out.startswith("3 inputs: 1 written" if count else "")
    assert next(read_record(str(out)))["total"] == count


def test_a_run_that_is_left_at_once_makes_no_report(pictures, out, tmp_path, monkeypatch):
    """That may take as long as reading all pictures; a last resort would cut it short."""
    stop = StopRequest()

    def interrupted(*arguments):
        with closing(execute(*arguments)) as items:
            yield next(items)
            stop.signal = signal.SIGINT
            raise KeyboardInterrupt

    monkeypatch.setattr(process, "execute", interrupted)
    plan = prepare(str(pictures), str(out), WEBP, options())
    asked = request()._replace(report=str(tmp_path / "r.html"))
    assert run_plan(plan, asked, stop, None) == 130
    assert not (tmp_path / "r.html").exists()


@pytest.fixture
def hired(monkeypatch):
    """How many workers were to be started ahead, each time that some were."""
    counts = []

    @contextmanager
    def workers_ahead(workforce, count):
        counts.append(count)
        yield workforce

    monkeypatch.setattr(process, "workers_ahead", workers_ahead)
    return counts


def test_workers_are_hired_ahead_by_a_first_run_and_one_for_one_picture(pictures, out, hired):
    asked = Request(WEBP, web_ready=False, options=Options(workforce=Workforce(cores=3)))
    for source in (pictures, pictures / "a.png"):
        with process.hiring(asked, str(source), str(out)) as given:
            assert given == asked.options
    assert hired == [3, 1]


@pytest.mark.parametrize("more", [{"dry_run": True}, {"options": Options(engine="serial")}])
def test_workers_are_not_hired_where_none_are_needed(pictures, out, hired, more):
    with process.hiring(Request(WEBP, False, **more), str(pictures), str(out)):
        assert hired == []


def test_workers_are_not_hired_ahead_where_all_may_be_up_to_date(pictures, out, hired):
    run(pictures, out, WEBP)
    with process.hiring(Request(WEBP, web_ready=False), str(pictures), str(out)):
        assert hired == []


@pytest.mark.parametrize("target", ["s3://bucket/out", "set-{000..009}.tar", "set.tar"])
def test_workers_are_not_hired_ahead_where_no_look_tells_a_first_run(pictures, hired, target):
    """Else they would be started in vain each time that all is up to date."""
    with process.hiring(Request(WEBP, web_ready=False), str(pictures), target):
        assert hired == []
