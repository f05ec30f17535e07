import errno
import io
import os
import tracemalloc

import pytest

from imgpipe.discovery import Selection
from imgpipe.errors import OutputError
from imgpipe.existing import Existing
from imgpipe.job import Output, Source, Status
from imgpipe.journal import Journal, Making, peek
from imgpipe.journal.file import index_of
from imgpipe.journal.records import Record
from imgpipe.prune import gone
from imgpipe.recipe import Recipe
from imgpipe.run import execute, making_of, prepare
from imgpipe.storage import Listing
from imgpipe.storage.local import LocalFolder
from tests.folders import contents, failing_calls, paint, paint_all, traces, write
from tests.runs import SMALL, ends, options, run, run_with

pytestmark = pytest.mark.usefixtures("nothing_left_behind")


@pytest.fixture
def pictures(tmp_path):
    return paint_all(tmp_path / "in", ("a.png", "b.png", "x/c.png"))


def pruned(report):
    return {item.source.name: [o.name for o in item.outputs] for item in report.items if item.status is Status.PRUNED}


def test_outputs_whose_source_is_gone_are_removed_and_told_and_no_others(pictures, out):
    run(pictures, out)
    write(out / "mine.png", b"not made here")
    os.unlink(pictures / "b.png")
    os.unlink(pictures / "x/c.png")
    report = run(pictures, out, prune=True)
    assert pruned(report) == {"b.png": ["b.png"], "x/c.png": ["x/c.png"]}
    assert report.count("unchanged") == 1
    assert str(report).endswith(", 2 pruned")
    assert contents(out).keys() == {"a.png", "mine.png"}
    assert pruned(run(pictures, out, prune=True)) == {}


def test_without_being_asked_nothing_is_removed(pictures, out):
    run(pictures, out)
    os.unlink(pictures / "b.png")
    assert pruned(run(pictures, out)) == {}
    assert "b.png" in contents(out)


def test_an_output_that_somebody_changed_is_left(pictures, out):
    run(pictures, out)
    write(out / "b.png", b"of somebody")
    os.unlink(out / "x/c.png")
    os.symlink("/etc/hostname", out / "x/c.png")
    os.unlink(pictures / "b.png")
    os.unlink(pictures / "x/c.png")
    before = contents(out)
    plan = prepare(str(pictures), str(out), SMALL, options())
    told = gone(plan.source, plan.target, peek(str(out), making_of(plan, SMALL, options())))
    assert {record.source.name: record.outputs for record in told} == {"b.png": (), "x/c.png": ()}
    assert pruned(run(pictures, out, prune=True)) == {}
    assert contents(out) == before


def test_where_all_have_gone_they_are_not_all_in_memory(pictures, out):
    making = Making("recipe", str(pictures))
    names = [f"{number}.png" for number in range(2000)]
    records = [
        Record(Source(name, None, 9), making.recipe, making.origin, (Output(name, 9, 3, 3),)).line() for name in names
    ]
    lines = b"".join(records)
    index, _ = index_of(io.BytesIO(lines))
    journal = Journal(making, index, lambda place: lines[place : lines.index(b"\n", place) + 1])
    tracemalloc.start()
    told = sum(1 for _ in gone(LocalFolder(str(pictures)), LocalFolder(str(out)), journal))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert told == len(names)
    assert peak < 400 * len(names)


def test_sources_that_are_not_chosen_this_time_are_not_gone(pictures, out):
    run(pictures, out)
    assert pruned(run(pictures / "a.png", out, prune=True)) == {}
    assert len(contents(out)) == 3


def test_outputs_of_another_input_folder_are_left(pictures, tmp_path, out):
    run(pictures, out)
    paint(tmp_path / "other/z.png")
    assert pruned(run(tmp_path / "other", out, prune=True)) == {}
    assert len(contents(out)) == 4


@pytest.mark.parametrize("how", ["all gone", "a folder cannot be listed", "one cannot be seen"])
def test_nothing_is_removed_where_the_input_may_only_be_out_of_reach(pictures, out, monkeypatch, how):
    run(pictures, out)
    os.unlink(pictures / "b.png")
    if how == "all gone":
        os.unlink(pictures / "a.png")
        os.unlink(pictures / "x/c.png")
    elif how == "one cannot be seen":
        real_stat = LocalFolder.stat
        monkeypatch.setattr(
            LocalFolder,
            "stat",
            lambda folder, name: (
                (_ for _ in ()).throw(OSError(errno.EIO, "I/O error")) if name == "b.png" else real_stat(folder, name)
            ),
        )
    else:
        real = os.scandir
        monkeypatch.setattr(
            os,
            "scandir",
            lambda path: (
                (_ for _ in ()).throw(OSError(errno.EIO, "I/O error")) if str(path).endswith("/x/") else real(path)
            ),
        )
    assert pruned(run(pictures, out, prune=True)) == {}
    assert len(contents(out)) == 3


def test_what_was_behind_a_link_that_leads_nowhere_now_is_not_gone(pictures, tmp_path, out):
    everywhere = Selection(Listing(follow_symlinks=True))
    paint(tmp_path / "disk/deep/d.png")
    os.symlink(tmp_path / "disk", pictures / "x/link")
    run(pictures, out, selection=everywhere)
    os.rename(tmp_path / "disk", tmp_path / "away")
    os.unlink(pictures / "b.png")
    assert pruned(run(pictures, out, selection=everywhere, prune=True)) == {"b.png": ["b.png"]}
    os.unlink(pictures / "x/link")
    assert pruned(run(pictures, out, selection=everywhere, prune=True)) == {"x/link/deep/d.png": ["x/link/deep/d.png"]}


def test_what_has_gone_from_behind_a_link_that_leads_somewhere_is_gone(pictures, tmp_path, out):
    everywhere = Selection(Listing(follow_symlinks=True))
    paint_all(tmp_path / "disk", ("d.png", "e.png"))
    os.symlink(tmp_path / "disk", pictures / "link")
    run(pictures, out, selection=everywhere)
    os.unlink(tmp_path / "disk/d.png")
    assert pruned(run(pictures, out, selection=everywhere, prune=True)) == {"link/d.png": ["link/d.png"]}


def test_an_output_that_was_made_of_another_source_since_belongs_to_that_one(pictures, out):
    """A BMP of so many px has its size whatever it shows, so that alone tells nobody whose it is."""
    bitmaps = Recipe(["resize:12x8!"], format="bmp")
    run(pictures, out, bitmaps)
    before = (out / "b.bmp").read_bytes()
    os.unlink(pictures / "b.png")
    paint(pictures / "b.webp", seed=9)
    run(pictures, out, bitmaps, existing=Existing("always"))
    after = (out / "b.bmp").read_bytes()
    assert len(after) == len(before)
    assert after != before
    assert pruned(run(pictures, out, bitmaps, prune=True)) == {}
    assert contents(out)["b.bmp"] == after


def test_what_somebody_put_in_the_place_of_an_output_is_theirs_once_the_source_is_gone(pictures, out):
    run(pictures, out)
    os.unlink(pictures / "b.png")
    write(out / "b.png", b"of somebody")
    assert pruned(run(pictures, out, prune=True)) == {}
    paint(pictures / "b.png", seed=9)
    assert ends(run(pictures, out))["b.png"] == "skipped"
    assert (out / "b.png").read_bytes() == b"of somebody"


def test_a_name_that_becomes_free_is_taken_by_another_source_in_the_same_run(pictures, out):
    run(pictures, out)
    os.unlink(pictures / "b.png")
    paint(pictures / "b.bmp", seed=9)
    report = run(pictures, out, prune=True)
    assert pruned(report) == {"b.png": ["b.png"]}
    assert {item.source.name: item.status.value for item in report.items}["b.bmp"] == "written"


def test_an_output_that_cannot_be_removed_is_told_and_tried_again(pictures, out):
    run(pictures, out)
    os.unlink(pictures / "b.png")
    report = run_with(failing_calls(errno.EACCES, 1, names=("unlink",)), pictures, out, prune=True)
    (item,) = [item for item in report.items if item.status is Status.PRUNED]
    assert item.outputs == ()
    assert item.warnings == ("cannot remove b.png: Permission denied",)
    assert pruned(run(pictures, out, prune=True)) == {"b.png": ["b.png"]}


def test_a_stop_stops_the_removal(pictures, out):
    run(pictures, out)
    os.unlink(pictures / "b.png")
    plan = prepare(str(pictures), str(out), SMALL, options(prune=True))
    assert list(execute(plan, SMALL, options(prune=True), lambda: True)) == []
    assert len(contents(out)) == 3


def test_a_failing_journal_stops_the_removal_and_the_next_run_goes_on(pictures, out):
    run(pictures, out)
    os.unlink(pictures / "a.png")
    os.unlink(pictures / "b.png")
    with pytest.raises(OutputError):
        run_with(failing_calls(errno.ENOSPC, 1, for_good=True, names=("write",)), pictures, out, prune=True)
    run(pictures, out, prune=True)
    assert contents(out).keys() == {"x/c.png"}


def test_several_outputs_in_folders_of_earlier_recipes_are_left(pictures, out):
    run(pictures, out, Recipe(format="webp"))
    run(pictures, out)
    os.unlink(pictures / "b.png")
    assert pruned(run(pictures, out, prune=True)) == {"b.png": ["b.png"]}
    assert "b.webp" in contents(out), "its size was recorded before, and is not known any more"


def test_inputs_are_never_touched(pictures, out):
    run(pictures, out)
    os.unlink(pictures / "b.png")
    before = traces(pictures)
    run(pictures, out, prune=True)
    assert traces(pictures) == before
    assert ends(run(pictures, out)) == {"a.png": "unchanged", "x/c.png": "unchanged"}


def test_what_a_link_in_the_output_leads_to_in_the_input_is_not_removed(pictures, out):
    """Results that somebody has made their originals, and left a link where they were."""
    webp = Recipe(format="webp")
    run(pictures, out, webp)
    os.rename(out / "x/c.webp", pictures / "x/c.webp")
    os.rmdir(out / "x")
    os.symlink(pictures / "x", out / "x")
    os.unlink(pictures / "x/c.png")
    assert pruned(run(pictures, out, webp, prune=True)) == {}
    assert "x/c.webp" in contents(pictures)
