"""The whole line, from folder to folder: every input is accounted for, however the run ends."""

import errno
import json
import math
import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from typing import get_origin, get_type_hints

import pytest
from PIL import Image

from imgpipe.api import Report, process, stream
from imgpipe.codecs.codec import Limits
from imgpipe.concurrency.roster import PoolBroken
from imgpipe.discovery import Selection
from imgpipe.engines import ENGINES, Workforce
from imgpipe.errors import CollisionError, OutputError, PictureError, RunError, UsageError
from imgpipe.existing import Existing
from imgpipe.job import Item, Job, Output, Source, Status
from imgpipe.journal.records import decode
from imgpipe.naming import Naming
from imgpipe.options import Options
from imgpipe.recipe import Recipe
from imgpipe.run import execute, prepare
from imgpipe.savings import Savings
from imgpipe.storage.local import LocalFolder
from imgpipe.storage.ranges import ShardSize
from tests.calls import calls_of
from tests.conftest import no_more_threads
from tests.folders import WatchedCalls, contents, paint, paint_all, temporaries, traces, write
from tests.runs import HERE, SMALL, ends, killed_at, options, run, run_with

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

CALLS_OF_AN_UP_TO_DATE_FILE = 125
NAMES = [os.fsdecode(name) for name in (b"a.png", b"\xff\n.png", b"c.jpg", b"x/d.gif", b"x/e.bmp", b"x/y/f")]
OUTPUTS = [os.fsdecode(name) for name in (b"a.png", b"\xff\n.png", b"c.png", b"x/d.png", b"x/e.png", b"x/y/f.png")]


@pytest.fixture
def pictures(tmp_path):
    return paint_all(tmp_path / "in", NAMES)


@pytest.fixture(params=ENGINES)
def engine(request):
    return request.param


def undisturbed(pictures, tmp_path):
    run(pictures, tmp_path / "undisturbed")
    return contents(tmp_path / "undisturbed")


def journal_lines(out, torn=False):
    lines = (out / ".imgpipe/journal.jsonl").read_bytes().splitlines()
    return [line for line in map(decode, lines) if isinstance(line, dict) or not torn]


def claims(out, torn=False):
    """The jobs that were begun and of which nothing more is known."""
    begun = set()
    for line in journal_lines(out, torn):
        if "begun" in line:
            begun.add(line["begun"])
        else:
            begun.discard(line.get("done", line.get("undone")))
    return begun


def test_every_input_is_accounted_for_whatever_it_is(pictures, out, engine):
    whole = (pictures / "a.png").read_bytes()
    write(pictures / "truncated.png", whole[: len(whole) // 2])
    write(pictures / "empty.webp")
    write(pictures / "text.tif", b"no picture")
    write(pictures / "notes.txt", b"no picture")
    os.mkfifo(pictures / "pipe.bmp")
    os.symlink("nowhere", pictures / "dangling.jpg")
    write(out / "taken.png", b"of somebody")
    paint(pictures / "taken.png")
    failed = {"truncated.png", "empty.webp", "text.tif", "pipe.bmp", "dangling.jpg"}
    expected = {
        **dict.fromkeys(NAMES, "written"),
        **dict.fromkeys(failed, "failed"),
        "notes.txt": "skipped",
        "taken.png": "skipped",
    }

    plan = prepare(str(pictures), str(out), SMALL, options(engine))
    first = run(pictures, out, engine=engine)
    assert len(first.items) == plan.total == len(expected)
    assert ends(first) == expected
    assert sum(first.count(status) for status in Status) == plan.total
    assert set(first.errors) == failed
    assert all(first.errors.values())
    assert contents(out).keys() == {*OUTPUTS, "taken.png"}
    assert contents(out)["taken.png"] == b"of somebody"
    assert not claims(out)

    second = run(pictures, out, engine=engine)
    assert ends(second) == {name: "unchanged" if end == "written" else end for name, end in expected.items()}


def test_an_item_says_what_was_written(pictures, out, engine):
    for item in run(pictures, out, engine=engine).items:
        (output,) = item.outputs
        assert (output.width, output.height) == (12, 8)
        assert output.bytes == (out / output.name).stat().st_size
        assert item.source.bytes == (pictures / item.source.name).stat().st_size


def test_the_outputs_of_all_engines_are_the_same_bytes(pictures, tmp_path, engine):
    run(pictures, tmp_path / "out", engine=engine)
    assert contents(tmp_path / "out") == undisturbed(pictures, tmp_path)


def test_a_second_run_finds_all_unchanged_and_writes_nothing(pictures, out, engine):
    first = run(pictures, out, engine=engine)
    before = traces(out)
    second = run(pictures, out, engine=engine)
    assert set(ends(second).values()) == {"unchanged"}
    assert {item.outputs for item in second.items} == {item.outputs for item in first.items}
    assert traces(out) == before


def test_inputs_are_never_touched(pictures, out):
    before = traces(pictures)
    run(pictures, out)
    run(pictures, pictures / "x/out")
    after = traces(pictures)
    changed = {path for path in after if after[path] != before.get(path)}
    assert all("/x/out" in path or path.endswith("/x") for path in changed)


def test_another_recipe_makes_all_again_and_back_again(pictures, out):
    run(pictures, out)
    first = contents(out)
    for recipe, extension in ((Recipe(["resize:width=6"], format="png"), "png"), (Recipe(format="webp"), "webp")):
        report = run(pictures, out, recipe)
        assert set(ends(report).values()) == {"written"}
        assert all(name.endswith(extension) for item in report.items for name in [item.outputs[0].name])
    assert set(ends(run(pictures, out)).values()) == {"written"}
    assert {name: data for name, data in contents(out).items() if name.endswith("png")} == first


def test_a_changed_logo_makes_all_again(pictures, out, tmp_path):
    logo = tmp_path / "logo.png"
    paint(logo, seed=1)

    def marked():
        return ends(run(pictures, out, Recipe([f'watermark:image="{logo}"'], format="png"), engine="processes"))

    assert set(marked().values()) == {"written"}
    assert set(marked().values()) == {"unchanged"}
    before = contents(out)
    paint(logo, seed=2)
    assert set(marked().values()) == {"written"}
    assert contents(out).keys() == before.keys()
    assert contents(out) != before


def test_a_picture_that_takes_the_place_of_another_folders_says_so_and_one_that_was_moved_does_not(tmp_path, out):
    def replaced(folder, **more):
        report = run(tmp_path / folder, out, Recipe([f"resize:width={next(widths)}"]), **more)
        assert report.count("written") == len(contents(tmp_path / folder))
        return {item.source.name: item.warnings for item in report.items if item.warnings}

    widths = iter(range(3, 20))
    for seed, name in enumerate(("one/a.png", "one/b.png", "two/a.png", "two/c.png")):
        paint(tmp_path / name, seed=seed)
    assert replaced("one") == {}
    assert replaced("two") == {"a.png": (f"replaces what was made of {tmp_path}/one/a.png",)}
    assert replaced("two") == {}
    os.rename(tmp_path / "two", tmp_path / "moved")
    assert replaced("moved") == {}
    shutil.copytree(tmp_path / "moved", tmp_path / "copied")
    assert replaced("copied") == {}
    os.symlink("copied", tmp_path / "link")
    paint(tmp_path / "copied/a.png", seed=9)
    assert replaced("link") == {}
    assert replaced("one", naming=Naming("-small")) == {}


def test_an_output_that_was_deleted_is_made_again(pictures, out):
    run(pictures, out)
    before = contents(out)
    os.unlink(out / "x/d.png")
    assert ends(run(pictures, out)) == {**dict.fromkeys(NAMES, "unchanged"), "x/d.gif": "written"}
    assert contents(out) == before


def test_an_output_that_was_truncated_is_made_again(pictures, out):
    run(pictures, out)
    before = contents(out)
    os.truncate(out / "x/d.png", 10)
    assert ends(run(pictures, out))["x/d.gif"] == "written"
    assert contents(out) == before


@pytest.mark.parametrize("change", ["content", "time"])
def test_a_source_that_changed_is_made_again(pictures, out, change):
    run(pictures, out)
    if change == "content":
        paint(pictures / "c.jpg", size=(30, 20), seed=99)
    else:
        status = (pictures / "c.jpg").stat()
        os.utime(pictures / "c.jpg", ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert ends(run(pictures, out)) == {**dict.fromkeys(NAMES, "unchanged"), "c.jpg": "written"}


def test_a_new_source_is_the_only_one_that_is_made(pictures, out):
    run(pictures, out)
    paint(pictures / "new.png")
    assert ends(run(pictures, out)) == {**dict.fromkeys(NAMES, "unchanged"), "new.png": "written"}


def test_a_lost_journal_makes_everything_foreign_until_that_is_allowed(pictures, out):
    run(pictures, out)
    before = contents(out)
    os.unlink(out / ".imgpipe/journal.jsonl")
    assert set(ends(run(pictures, out)).values()) == {"skipped"}
    assert set(ends(run(pictures, out, existing=Existing("always"))).values()) == {"written"}
    assert set(ends(run(pictures, out)).values()) == {"unchanged"}
    assert contents(out) == before


GARBAGE = [
    b"",
    b"\0" * 4096,
    b"\xff{[\n",
    b'{"done":"a.png"}\n',
    b'{"begun":"a.png","outputs":["../a.png"]}\n[]\nnull\n',
]


def resume_from_cuts(pictures, tmp_path, stride):
    """The journal of a finished run is cut at bytes and garbage appended; outputs are as they were at that moment."""
    out = tmp_path / "out"
    run(pictures, out)
    expected = contents(out)
    path = out / ".imgpipe/journal.jsonl"
    whole = path.read_bytes()
    for length in range(0, len(whole) + 1, stride):
        garbage = GARBAGE[length // stride % len(GARBAGE)]
        write(path, whole[:length] + garbage)
        before = contents(out)
        report = run(pictures, out)
        assert set(ends(report).values()) <= {"written", "unchanged", "skipped"}
        assert contents(out) == before == expected, "whatever it says, what stands is whole and stays"

        write(path, whole[:length] + garbage)
        claimed = claims(out, torn=True) | {item.source.name for item in report.items if item.status == "unchanged"}
        for item in report.items:
            if item.source.name not in claimed:
                os.unlink(out / OUTPUTS[NAMES.index(item.source.name)])
        report = run(pictures, out)
        assert set(ends(report).values()) <= {"written", "unchanged"}
        assert contents(out) == expected


def test_from_a_journal_cut_anywhere_a_run_goes_on(pictures, tmp_path):
    resume_from_cuts(pictures, tmp_path, stride=29)


@pytest.mark.chaos
@pytest.mark.timeout(3600)
def test_from_a_journal_cut_at_every_byte_a_run_goes_on(pictures, tmp_path):
    resume_from_cuts(pictures, tmp_path, stride=1)


def test_force_makes_all_again(pictures, out):
    run(pictures, out)
    assert set(ends(run(pictures, out, existing=Existing(force=True))).values()) == {"written"}


def test_a_file_put_where_a_picture_failed_is_not_overwritten(pictures, out):
    whole = (pictures / "a.png").read_bytes()
    write(pictures / "a.png", whole[:100])
    assert ends(run(pictures, out))["a.png"] == "failed"
    write(out / "a.png", b"precious")
    write(pictures / "a.png", whole)
    assert ends(run(pictures, out))["a.png"] == "skipped"
    assert (out / "a.png").read_bytes() == b"precious"


def test_a_picture_that_fails_now_leaves_its_earlier_output(pictures, out):
    run(pictures, out)
    before = contents(out)
    whole, status = (pictures / "a.png").read_bytes(), (pictures / "a.png").stat()
    write(pictures / "a.png", whole[:100])
    assert ends(run(pictures, out))["a.png"] == "failed"
    assert contents(out) == before
    write(pictures / "a.png", whole)
    os.utime(pictures / "a.png", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert set(ends(run(pictures, out)).values()) == {"unchanged"}


def test_an_output_name_that_is_too_long_fails_its_picture_only(pictures, out):
    name = "x" * 251 + ".bmp"
    paint(pictures / name)
    report = run(pictures, out, Recipe(format="webp"))
    assert ends(report) == {**dict.fromkeys(NAMES, "written"), name: "failed"}
    assert "too long" in report.errors[name]
    assert set(ends(run(pictures, out)).values()) == {"written"}


@pytest.mark.parametrize(("count", "cores"), [(1, 1), (3, 3), (9, 4)])
def test_there_are_no_more_workers_than_inputs(count, cores, tmp_path, out, monkeypatch):
    for number in range(count):
        paint(tmp_path / "few" / f"{number}.png")
    asked = []

    def engine(jobs, steps, workforce):
        asked.append((workforce.cores, workforce.io_threads, workforce.readers, workforce.writers))
        return ENGINES["serial"](jobs, steps, workforce)

    monkeypatch.setitem(ENGINES, "processes", engine)
    many = Workforce(cores=4, io_threads=100_000, readers=100_000)
    process(str(tmp_path / "few"), str(out), SMALL, options=Options(workforce=many))
    assert asked == [(cores, count, count, None)]


def test_one_file_is_processed_alone(pictures, out):
    assert ends(run(pictures / "x/d.gif", out)) == {"d.gif": "written"}
    assert contents(out).keys() == {"d.png"}


def test_the_selection_and_the_naming_count(pictures, out):
    report = run(pictures, out, selection=Selection(include=("x/*",)), naming=Naming("-small", flat=True))
    assert contents(out).keys() == {"d-small.png", "e-small.png", "f-small.png"}
    assert len(report.items) == 3


def test_an_output_inside_the_input_is_never_an_input(pictures):
    for _ in range(2):
        assert set(ends(run(pictures, pictures / "out"))) == set(NAMES)
    assert len(contents(pictures / "out")) == len(NAMES)


def test_outputs_of_several_runs_inside_the_input_are_no_inputs_either(pictures, tmp_path):
    inside = pictures / "web", pictures / "x/thumbs", pictures / "x/small"
    sources = pictures, pictures, pictures / "x"
    for _ in range(2):
        for source, out in zip(sources, inside, strict=True):
            expected = set(NAMES) if source == pictures else {"d.gif", "e.bmp", "y/f"}
            assert set(ends(run(source, out))) == expected
    assert run(pictures, tmp_path / "other").count("written") == len(NAMES)
    # Made of what is elsewhere, or of itself, it is as good as any folder; and so is what is given as the input itself.
    run(tmp_path / "other", pictures / "imported")
    paint(pictures / "own/g.png")
    run(pictures / "own", pictures / "own", existing=Existing(in_place=True))
    assert len(run(pictures, tmp_path / "all").items) == 2 * len(NAMES) + 1
    assert len(run(pictures / "web", tmp_path / "again").items) == len(NAMES)


def test_a_name_in_the_output_of_another_run_is_no_input(pictures, tmp_path):
    run(pictures, pictures / "web")
    named = Selection(names=("a.png", "web/a.png"))
    report = run(pictures, tmp_path / "other", selection=named)
    assert ends(report) == {"a.png": "written", "web/a.png": "failed"}
    assert "made of a folder around it" in report.errors["web/a.png"]


FORKED = """
import os, sys
import imgpipe

durability, source, target = sys.argv[1:]
if __name__ == "__main__":
    recipe = imgpipe.Recipe([], format="jpeg", quality=80)
    options = imgpipe.Options(durability=durability)
    for number, item in enumerate(imgpipe.stream(source, target, recipe, cores=1, options=options)):
        if number % 8 == 1 and os.fork() == 0:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            sys.exit()
        if number % 8 == 1:
            os.wait()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="nothing forks there")
@pytest.mark.parametrize("durability", ["rename", "fsync"])
def test_a_copy_that_the_program_forks_meanwhile_leaves_the_run_alone(durability, tmp_path):
    """A child that ends in order tidies up what it has a copy of."""
    noise = Image.effect_noise((300, 300), 80).convert("RGB")
    (tmp_path / "in").mkdir()
    for number in range(100):
        tinted = Image.blend(noise, Image.new("RGB", noise.size, (2 * number, 0, 255)), 0.2)
        tinted.save(tmp_path / f"in/{number:02}.jpg", quality=95)
    recipe = Recipe([], format="jpeg", quality=80)
    run(tmp_path / "in", tmp_path / "alone", recipe)
    subprocess.run(
        [sys.executable, "-c", FORKED, durability, tmp_path / "in", tmp_path / "out"], check=True, timeout=60
    )
    assert contents(tmp_path / "out") == contents(tmp_path / "alone")
    assert not [line for line in journal_lines(tmp_path / "out") if "undone" in line]
    assert not claims(tmp_path / "out")


@pytest.mark.skipif(sys.platform == "win32", reason="nothing forks there")
def test_the_output_is_free_when_the_run_is_over_although_a_forked_process_lives_on(pictures, out):
    with ExitStack() as stack:
        items = stream(pictures, out, SMALL, options=options())
        next(items)
        pid = os.fork()
        if pid == 0:
            signal.pause()
        stack.callback(os.waitpid, pid, 0)
        stack.callback(os.kill, pid, signal.SIGKILL)
        assert len(list(items)) == len(NAMES) - 1
        assert run(pictures, out).count("unchanged") == len(NAMES)


def test_inside_a_daemonic_process_it_is_said_which_engines_work(pictures, out, monkeypatch):
    monkeypatch.setattr(multiprocessing.current_process(), "_config", {"daemon": True})
    with pytest.raises(UsageError, match="engine threads"):
        run(pictures, out, engine="processes")
    assert run(pictures, out, engine="threads").count("written") == len(NAMES)


def test_a_usage_error_writes_nothing(pictures, out, tmp_path):
    paint(pictures / "a.jpg")
    before = traces(tmp_path)
    for error, call in (
        (CollisionError, lambda: run(pictures, out)),
        (UsageError, lambda: run(pictures, pictures)),
        (UsageError, lambda: run(tmp_path / "missing", out)),
        (UsageError, lambda: run(pictures, out, engine="steam")),
        (UsageError, lambda: process(pictures, out, SMALL, cores=0)),
    ):
        with pytest.raises(error):
            call()
    assert traces(tmp_path) == before


def test_an_end_that_no_input_can_have_is_not_counted_as_none():
    report = Report((Item(Source("a.jpg", "jpeg", 1), Status.FAILED),))
    assert report.count("failed") == report.count(Status.FAILED) == 1
    for word in ("error", "errors", "FAILED", ""):
        with pytest.raises(ValueError, match=f"{word!r} is none of written, unchanged, failed, skipped, pruned"):
            report.count(word)


def test_the_name_of_a_recipe_is_no_recipe(pictures, out):
    with pytest.raises(UsageError, match=re.escape("'web' is no Recipe; Recipe.load('web') reads one")):
        process(pictures, out, "web")
    with pytest.raises(UsageError, match=re.escape("['blur:2'] is no Recipe; Recipe(['blur:2']) makes one")):
        process(pictures, out, ["blur:2"])
    with pytest.raises(UsageError, match=re.escape("None is no Recipe; leave it out for a web-ready copy")):
        process(pictures, out, None)
    assert not out.exists()


def test_options_that_no_command_line_would_take_are_told(pictures, out):
    """Without threads that read nothing would be done, of a negative memory nothing would ever be given."""
    for name, value in (
        ("cores", 0), ("cores", "2"), ("io_threads", 0), ("readers", 0), ("writers", 1.5), ("tries", 0), ("memory", -1),
        ("timeout", 0), ("timeout", -1.0), ("timeout", float("nan")), ("start_method", "fork"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=f"^{name}={value!r} is not valid"):
            process(pictures, out, SMALL, options=Options(workforce=Workforce(**{name: value})))
    for name in ("include", "exclude", "names", "only"):
        # What can be walked once would be empty when the work begins, since the inputs are counted first.
        for value in ("*.jpg", iter(["*.jpg"]), ("a.png", Path("b.png"))):
            with pytest.raises(
                UsageError, match=f"^{re.escape(f'{name}={value!r}')} is not valid; it is a tuple of texts"
            ):
                run(pictures, out, selection=Selection(**{name: value}))
    for name, more in (
        ("overwrite='nver'", {"existing": Existing(overwrite="nver")}),
        ("known_by='name'", {"existing": Existing(known_by="name")}),
        ("durability='never'", {"durability": "never"}),
    ):
        with pytest.raises(UsageError, match=f"^{name} is not valid; valid are"):
            run(pictures, out, **more)
    for share in (5, 1, -0.1, float("nan"), "5%"):
        with pytest.raises(UsageError, match=f"^share={share!r} is not valid; it is "):
            run(pictures, out, savings=Savings(share=share))
    with pytest.raises(UsageError, match=r"^cores=0 is not valid"):
        process(pictures, out, SMALL, cores=0)
    assert not out.exists()


def test_arguments_of_a_wrong_type_are_told_by_their_names(pictures, out):
    for name, value in (
        ("source", os.fsencode(pictures)), ("source", None), ("source", "a\0"), ("source", "\ud800"),
        ("target", os.fsencode(out)), ("target", 3), ("target", f"{out}\0"),
        ("cores", "2"), ("cores", True), ("cores", 1.5), ("options", {}), ("options", Workforce()),
    ):  # fmt: skip
        call = {"source": pictures, "target": out, "recipe": SMALL} | {name: value}
        for function in (process, lambda **call: next(stream(**call))):
            with pytest.raises(UsageError, match=f"^{re.escape(f'{name}={value!r}')} is not valid; "):
                function(**call)
    for name, value in (
        ("workforce", 4), ("selection", "*.jpg"), ("existing", "always"), ("naming", None), ("limits", (1, 2)),
        ("savings", 0.1), ("shards", 3), ("preserve", "no"), ("prune", 1), ("engine", []),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=f"^{re.escape(f'{name}={value!r}')} is not valid; "):
            process(pictures, out, SMALL, cores=1, options=Options(**{name: value}))
    for name, more in (
        ("max_pixels=0", {"limits": Limits(max_pixels=0)}),
        ("memory='1GB'", {"limits": Limits(memory="1GB")}),
        ("count=0", {"shards": ShardSize(count=0)}),
        ("timeout=inf", {"workforce": Workforce(timeout=math.inf)}),
        ("force='no'", {"existing": Existing(force="no")}),
        ("names=(3,)", {"selection": Selection(names=(3,))}),
    ):
        with pytest.raises(UsageError, match=f"^{re.escape(name)} is not valid; "):
            process(pictures, out, SMALL, options=Options(**more))
    assert not out.exists()


def test_a_second_run_into_one_folder_is_refused_while_the_first_goes_on(pictures, out):
    items = stream(pictures, out, SMALL, options=options())
    next(items)
    with pytest.raises(UsageError, match="another run"):
        run(pictures, out)
    assert len(list(items)) == len(NAMES) - 1


def test_the_first_failure_is_raised_when_that_is_asked_for(pictures, out, engine):
    write(pictures / "0.png", b"no picture")
    with pytest.raises(PictureError, match=r"0\.png: "):
        process(pictures, out, SMALL, fail_fast=True, options=options(engine))
    assert not temporaries(out)
    assert set(ends(run(pictures, out, engine=engine)).values()) <= {"written", "unchanged", "failed"}
    assert contents(out).keys() == set(OUTPUTS)


def test_a_stream_that_is_closed_half_way_leaves_nothing_behind_and_can_be_gone_on_with(pictures, tmp_path, engine):
    items = stream(pictures, tmp_path / "out", SMALL, options=options(engine))
    first = next(items)
    assert first.status is Status.WRITTEN
    items.close()
    assert not temporaries(tmp_path)
    expected = undisturbed(pictures, tmp_path)
    assert contents(tmp_path / "out").items() <= expected.items()
    report = run(pictures, tmp_path / "out", engine=engine)
    assert ends(report)[first.source.name] == "unchanged"
    assert contents(tmp_path / "out") == expected


def test_a_stream_is_known_to_type_checkers_as_what_can_be_closed():
    assert get_origin(get_type_hints(stream)["return"]) is Generator


def test_a_stream_that_was_never_begun_does_nothing(pictures, out):
    stream(pictures, out, SMALL, options=options("processes")).close()
    assert not out.exists()


def test_an_interrupt_of_the_caller_goes_up_and_leaves_nothing_behind(pictures, out, engine):
    items = stream(pictures, out, SMALL, options=options(engine))
    next(items)
    with pytest.raises(KeyboardInterrupt):
        items.throw(KeyboardInterrupt)
    assert not temporaries(out)


def test_a_stop_finishes_what_was_begun_and_begins_no_more(pictures, tmp_path, engine):
    for number in range(60):
        paint(pictures / f"y/{number:02}.png", seed=number)
    out = tmp_path / "out"
    stop = threading.Event()
    plan = prepare(str(pictures), str(out), SMALL, options(engine))
    items = []
    for item in execute(plan, SMALL, options(engine), stop.is_set):
        items.append(item)
        stop.set()
    written = {output.name for item in items for output in item.outputs}
    assert 0 < len(items) <= plan.total
    assert len({item.source.name for item in items}) == len(items)
    assert contents(out).keys() == written
    assert not claims(out), "what was not begun claims no output"
    if engine == "serial":
        assert len(items) == 1
    report = run(pictures, out, engine=engine)
    assert report.count("unchanged") == len(written)
    assert report.count("written") == plan.total - len(written)
    assert contents(out) == undisturbed(pictures, tmp_path)


def test_a_stop_before_the_first_job_begins_nothing(pictures, out, engine):
    plan = prepare(str(pictures), str(out), SMALL, options(engine))
    assert list(execute(plan, SMALL, options(engine), lambda: True)) == []
    assert contents(out) == {}
    assert journal_lines(out) == []


def test_workers_that_do_not_start_are_a_run_error(pictures, out, monkeypatch):
    def broken(jobs, steps, workforce):
        raise PoolBroken("9 worker processes in a row ended")
        yield

    monkeypatch.setitem(ENGINES, "serial", broken)
    with pytest.raises(RunError, match="9 worker processes"):
        run(pictures, out)


@pytest.mark.parametrize("engine", ["threads", "processes"])
@pytest.mark.parametrize("after", [0, 3])
def test_threads_that_do_not_start_are_a_run_error_and_the_next_run_does_it_all(
    pictures, out, tmp_path, monkeypatch, engine, after
):
    with monkeypatch.context() as here:
        no_more_threads(here, after)
        with pytest.raises(RunError, match="ulimit -u"):
            run(pictures, out, engine=engine)
    assert run(pictures, out, engine=engine).count("failed") == 0
    assert contents(out) == undisturbed(pictures, tmp_path)


@pytest.mark.parametrize("engine", HERE)
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS, errno.EIO], ids=errno.errorcode.get)
def test_an_output_that_cannot_be_written_ends_the_run_at_once_with_one_error(
    pictures, tmp_path, monkeypatch, engine, error
):
    refused = []

    def refuse(self, name, data, like=None, **more):
        if len(refused) or name != "a.png":
            refused.append(name)
            raise OSError(error, os.strerror(error))
        put(self, name, data, like, **more)

    put = LocalFolder.put
    monkeypatch.setattr(LocalFolder, "put", refuse)
    with pytest.raises(OutputError, match=os.strerror(error)):
        run(pictures, tmp_path / "out", engine=engine)
    assert len(refused) <= 2, "one for each writer at most"
    monkeypatch.undo()
    assert run(pictures, tmp_path / "out", engine=engine).count("failed") == 0
    assert contents(tmp_path / "out") == undisturbed(pictures, tmp_path)


@pytest.fixture
def tiny_disk(tmp_path):
    """tiny_disk(size): a file system of so many KiB, made larger when it is asked for again."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = []

    def make(size):
        how = "remount,size" if mounted else "size"
        command = ["mount", "-t", "tmpfs", "-o", f"{how}={size}k", "none", str(folder)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("no file system can be mounted here")
        mounted.append(size)
        return folder / "out"

    yield make
    if mounted:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may mount")
@pytest.mark.parametrize("size", [4, 16, 64])
def test_a_full_disk_ends_the_run_and_when_there_is_room_it_goes_on(tmp_path, tiny_disk, size):
    pictures = tmp_path / "in"
    for number in range(40):
        paint(pictures / f"{number:02}.png", size=(40, 40), seed=number)
    out = tiny_disk(size)
    large = Recipe(["resize:width=41"], format="bmp")
    run(pictures, tmp_path / "undisturbed", large)
    expected = contents(tmp_path / "undisturbed")
    with pytest.raises(OutputError, match="No space left"):
        run(pictures, out, large, engine="threads")
    there = contents(out)
    assert there.items() < expected.items()
    assert not temporaries(out)
    tiny_disk(1024)
    report = run(pictures, out, large)
    assert set(ends(report).values()) <= {"written", "unchanged"}
    assert contents(out) == expected


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_run_that_was_killed_at_any_call_is_gone_on_with_and_nothing_is_done_twice(pictures, tmp_path):
    expected = undisturbed(pictures, tmp_path)
    for call in range(1, 200):
        out = tmp_path / f"out{call}"
        if killed_at(call, pictures, out):
            break
        there = contents(out) if out.exists() else {}
        assert there.items() <= expected.items(), "a partial file stands under a final name"
        path = out / ".imgpipe/journal.jsonl"
        done = {line["done"] for line in journal_lines(out) if "done" in line} if path.exists() else set()
        report = run(pictures, out)
        assert contents(out) == expected
        assert not temporaries(out)
        assert {name for name, end in ends(report).items() if end == "unchanged"} == done
        assert len(done) >= len(there) - 1
    assert 6 * len(NAMES) < call < 199
    assert contents(tmp_path / f"out{call}") == expected


def test_an_output_is_published_before_it_is_recorded_and_claimed_before_it_is_published(pictures, out, monkeypatch):
    order = []

    class Watching(WatchedCalls):
        def write(self, descriptor, data):
            line = json.loads(bytes(data))
            if isinstance(line, dict):
                order.append((next(iter(line)), next(iter(line.values()))))
            return os.write(descriptor, data)

    def put(self, name, data, like=None, **more):
        order.append(("published", name))

    monkeypatch.setattr(LocalFolder, "put", put)
    run_with(Watching(lambda call: None), pictures / "c.jpg", out)
    assert order == [("begun", "c.jpg"), ("published", "c.png"), ("done", "c.jpg")]


def test_a_report_counts_and_names():
    source = Source("a.jpg", "jpeg", 1)
    report = Report((Item(source, Status.WRITTEN, (Output("a.webp", 1, 1, 1),)), Item(source, Status.SKIPPED)))
    assert (report.count("written"), report.count(Status.SKIPPED), report.count("failed")) == (1, 1, 0)
    assert str(report) == "1 written, 0 unchanged, 0 failed, 1 skipped"
    assert report.errors == {}


def test_a_plan_can_be_looked_at_before_it_is_done(pictures, out):
    plan = prepare(str(pictures), str(out), SMALL, options())
    assert {job.targets[0].name for job in plan.jobs() if isinstance(job, Job)} == set(OUTPUTS)
    assert not out.exists()
    assert len(list(execute(plan, SMALL, options()))) == plan.total


def test_where_all_is_up_to_date_nobody_is_put_to_work(pictures, out, monkeypatch):
    run(pictures, out)

    def never(jobs, steps, workforce):
        raise AssertionError("put to work")

    monkeypatch.setitem(ENGINES, "serial", never)
    assert set(ends(run(pictures, out)).values()) == {"unchanged"}


@pytest.mark.parametrize(("durability", "least", "most"), [("rename", 0, 0), ("fsync", len(NAMES), 3 * len(NAMES))])
def test_nothing_is_synced_unless_a_power_loss_is_to_be_survived(pictures, out, durability, least, most):
    calls = WatchedCalls(lambda call: None, ("fsync", "fdatasync"))
    run_with(calls, pictures, out, durability=durability)
    assert least <= calls.calls <= most, "each file by itself, folders and records in groups"


def test_with_synced_outputs_the_bytes_are_the_same_and_are_recorded(pictures, tmp_path, engine):
    out = tmp_path / "out"
    run(pictures, out, engine=engine, durability="fsync")
    assert contents(out) == undisturbed(pictures, tmp_path)
    assert set(ends(run(pictures, out, engine=engine)).values()) == {"unchanged"}
    assert not claims(out)


def test_an_up_to_date_file_costs_few_calls(tmp_path):
    """A hundred thousand are checked in under 5 s: `python -m benchmarks.reliability` measures it, this guards it."""
    counts = []
    for number in (20, 120):
        for name in range(number):
            paint(tmp_path / f"in/{number}/{name}.png", size=(1, 1))
        run(tmp_path / f"in/{number}", tmp_path / f"out{number}")
        counts.append(calls_of(lambda number=number: run(tmp_path / f"in/{number}", tmp_path / f"out{number}")))
    assert (counts[1] - counts[0]) / 100 < CALLS_OF_AN_UP_TO_DATE_FILE
