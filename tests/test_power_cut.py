"""The power is cut after every step of a run: with `--durability fsync` every recorded output is whole."""

import json
import os
import random

import pytest

from imgpipe.existing import Existing
from imgpipe.journal import writer
from imgpipe.journal.records import parse
from imgpipe.recipe import Recipe, Rendition
from tests.disk import Disk, Recorder
from tests.folders import contents, paint_all, temporaries, write
from tests.runs import SMALL, ends, run, run_with

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

NAMES = ["a.png", "b.png", "x/c.png", "x/y/d.png", "z/e.png"]
OTHER = Recipe(["resize:width=11"], format="png")
JOURNAL = ".imgpipe/journal.jsonl"


@pytest.fixture
def pictures(tmp_path):
    return paint_all(tmp_path / "in", NAMES)


@pytest.fixture(autouse=True)
def small_groups(monkeypatch):
    """Many commits in a short run."""
    monkeypatch.setattr(writer, "_GROUP", 2)


def recorded(left):
    """The records that a journal still holds."""
    for line in left.get(JOURNAL, b"").split(b"\n"):
        try:
            record = parse(json.loads(line))
        except ValueError:
            continue
        if record is not None:
            yield record


def visible(left):
    return {
        name: data
        for name, data in left.items()
        if not os.path.basename(name).startswith(".imgpipe-") and not name.startswith(".imgpipe/")
    }


def lay_out(folder, left):
    for name, data in left.items():
        write(folder / name, data)


def check(left, old, new, digest, where):
    """No partial file stands under a final name, and every record of this run has its outputs, whole."""
    for name, data in visible(left).items():
        assert data in (old.get(name), new[name]), (name, where)
    for record in recorded(left):
        if record.recipe == digest:
            for output in record.outputs:
                assert visible(left).get(output.name) == new[output.name], where


def cuts(log, disk, chances):
    """After each step of a run, what may be left below the output when the power goes then, and words for where."""
    for number, step in enumerate(log):
        disk.apply(step)
        for seed in range(chances + 1):
            found = disk.cut(random.Random(f"{number} {seed}") if seed else None)
            left = {name.partition("/")[2]: data for name, data in found.items()}
            yield left, (number, step[:3], seed)


def cut_everywhere(pictures, tmp_path, recipe, out, chances, stride=1):
    """Run it, cut the power after every step, see what is left, and go on from there."""
    before = contents(out, hidden=True) if out.exists() else {}
    old = visible(before)
    run(pictures, tmp_path / "undisturbed", recipe)
    new = contents(tmp_path / "undisturbed")
    calls = Recorder()
    assert set(ends(run_with(calls, pictures, out, recipe, durability="fsync")).values()) == {"written"}
    disk = Disk(out.parent, {f"{out.name}/{name}": data for name, data in before.items()})
    for left, where in cuts(calls.log, disk, chances):
        check(left, old, new, recipe.digest, where)
        number, _, seed = where
        if number % stride == 0:
            folder = tmp_path / f"cut {number} {seed}"
            lay_out(folder, left)
            run(pictures, folder, recipe)
            assert contents(folder) == new, where
            assert not temporaries(folder), where
    certain = {name[len(out.name) + 1 :]: data for name, data in disk.cut().items()}
    assert visible(certain) == {**old, **new}, "what a finished run made is there for good"
    assert {record.source.name for record in recorded(certain) if record.recipe == recipe.digest} == set(NAMES)
    return len(calls.log)


def test_after_a_cut_at_any_step_recorded_outputs_are_whole_and_the_run_goes_on(pictures, tmp_path):
    steps = cut_everywhere(pictures, tmp_path, SMALL, tmp_path / "disk/out", chances=2, stride=2)
    assert steps > 8 * len(NAMES)


def test_the_same_where_outputs_of_another_recipe_stood(pictures, tmp_path):
    out = tmp_path / "disk/out"
    run(pictures, out, OTHER, durability="fsync")
    cut_everywhere(pictures, tmp_path, SMALL, out, chances=2, stride=2)


def test_the_same_where_records_are_written_as_soon_as_they_have_waited(pictures, tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "_GROUP", 1000)
    monkeypatch.setattr(writer, "_GROUP_SECONDS", 0.001)
    cut_everywhere(pictures, tmp_path, SMALL, tmp_path / "disk/out", chances=1, stride=3)


def test_the_same_for_several_outputs_whose_names_are_known_once_they_are_made(pictures, tmp_path):
    sizes = [Rendition([f"resize:width={width}"], "webp", name="{stem}-{width}.{hash}{ext}") for width in (12, 6)]
    steps = cut_everywhere(pictures, tmp_path, Recipe(outputs=sizes), tmp_path / "disk/out", chances=1, stride=3)
    assert steps > 12 * len(NAMES)


def with_lines_that_do_not_count(out):
    """So many that the next run writes the journal anew."""
    with open(out / JOURNAL, "ab") as file:
        file.write(b"{}\n" * 1100)


def test_the_same_where_the_journal_is_written_anew(pictures, tmp_path):
    out = tmp_path / "disk/out"
    run(pictures, out, OTHER, durability="fsync")
    with_lines_that_do_not_count(out)
    cut_everywhere(pictures, tmp_path, SMALL, out, chances=0, stride=4)


def test_a_journal_that_is_written_anew_has_all_its_records_after_a_cut_also_without_syncing(pictures, tmp_path):
    """Of the last records some may be lost then, but never those of earlier runs."""
    out = tmp_path / "disk/out"
    run(pictures, out, OTHER, durability="fsync")
    with_lines_that_do_not_count(out)
    before, calls = contents(out, hidden=True), Recorder()
    run_with(calls, pictures, out, OTHER)
    assert len((out / JOURNAL).read_bytes()) < len(before[JOURNAL]) // 2, "written anew"
    for left, where in cuts(calls.log, Disk(out.parent, {f"out/{name}": data for name, data in before.items()}), 3):
        assert {record.source.name for record in recorded(left)} == set(NAMES), where


@pytest.mark.chaos
@pytest.mark.timeout(3600)
def test_many_ways_in_which_a_cut_may_fall(pictures, tmp_path):
    cut_everywhere(pictures, tmp_path, SMALL, tmp_path / "disk/out", chances=40)


def test_without_syncing_a_cut_may_leave_recorded_outputs_that_are_not_there(pictures, tmp_path):
    """Else these tests would see nothing."""
    out = tmp_path / "out"
    calls = Recorder()
    run_with(calls, pictures, out)
    disk = Disk(tmp_path, {})
    for step in calls.log:
        disk.apply(step)
    assert disk.cut() == {}


def test_what_in_place_has_replaced_is_known_after_a_cut_at_any_step(pictures, tmp_path):
    """Each picture is the old one or the new one, and none goes through the recipe twice."""
    halved, in_place = Recipe(["resize:50%"]), Existing(in_place=True)
    run(pictures, tmp_path / "undisturbed", halved)
    old, new = contents(pictures), contents(tmp_path / "undisturbed")
    out = tmp_path / "disk/out"
    lay_out(out, old)
    calls = Recorder()
    run_with(calls, out, out, halved, durability="fsync", existing=in_place)
    disk = Disk(out.parent, {f"out/{name}": data for name, data in old.items()})
    for left, where in cuts(calls.log, disk, chances=2):
        folder = tmp_path / f"cut {where[0]} {where[2]}"
        lay_out(folder, left)
        assert all(data in (old[name], new[name]) for name, data in contents(folder).items())
        run(folder, folder, halved, existing=in_place)
        assert contents(folder) == new, where


def test_no_output_that_was_pruned_stands_there_unknown_after_a_cut_at_any_step(pictures, tmp_path):
    """It is gone for good before the journal forgets whose it was; else no run would ever remove it."""
    out, lost = tmp_path / "disk/out", ("b.png", "x/c.png")
    run(pictures, out, durability="fsync")
    before = contents(out, hidden=True)
    for name in lost:
        os.unlink(pictures / name)
    calls = Recorder()
    run_with(calls, pictures, out, durability="fsync", prune=True)
    disk = Disk(out.parent, {f"out/{name}": data for name, data in before.items()})
    for left, where in cuts(calls.log, disk, chances=2):
        folder = tmp_path / f"cut {where[0]} {where[2]}"
        lay_out(folder, left)
        run(pictures, folder, prune=True)
        assert contents(folder).keys() == set(NAMES) - set(lost), where
    assert visible({name[len("out/") :]: data for name, data in disk.cut().items()}) == contents(out)
