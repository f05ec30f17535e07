"""A tree of everything that a file system allows, from folder to folder."""

import os
import shutil
import socket

import pytest

from imgpipe.api import Report
from imgpipe.discovery import Selection
from imgpipe.errors import CollisionError
from imgpipe.recipe import Recipe
from imgpipe.run import execute, prepare
from imgpipe.storage import Listing
from imgpipe.storage.local import LocalFolder
from tests.folders import contents, paint, traces, write
from tests.runs import SMALL, ends, options, run

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

WEBP = Recipe(["resize:width=12"], format="webp")

FINE = [
    os.fsdecode(b"latin-\xe9\xff.png"),
    "new\nline\t\x1b[31m.png",
    "-rf.png",
    "a:b?*<>|\\.png",
    "x" * 251 + ".png",
    "\N{CAMERA}" * 62 + ".png",
    "\u00e9.png",
    "e\u0301.png",
    "deep/" * 40 + "a.png",
    "UPPER.PNG",
]


@pytest.fixture
def tree(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("name", FINE, ids=ascii)
def test_any_name_that_a_disk_takes_is_processed_and_found_again(tree, out, name):
    paint(tree / "source.png")
    os.makedirs(os.path.dirname(tree / name), exist_ok=True)
    os.rename(tree / "source.png", tree / name)
    assert ends(run(tree, out)) == {name: "written"}
    assert list(contents(out)) == [name]
    assert ends(run(tree, out)) == {name: "unchanged"}


def test_a_longer_extension_on_a_name_of_255_bytes_fails_before_the_work_and_no_other_picture(tree, out):
    longest, fits = "x" * 251 + ".png", "y" * 250 + ".png"
    for name in (longest, fits, "a.png"):
        paint(tree / name)
    report = run(tree, out, WEBP)
    assert ends(report) == {longest: "failed", fits: "written", "a.png": "written"}
    assert "too long (256 bytes of at most 255)" in report.errors[longest]
    assert contents(out).keys() == {"y" * 250 + ".webp", "a.webp"}


def test_what_is_no_regular_file_is_accounted_for_and_never_waited_for(tree, out, monkeypatch):
    paint(tree / "a.png")
    os.mkfifo(tree / "pipe.png")
    os.symlink("/dev/zero", tree / "device.png")
    os.symlink("nowhere", tree / "dangling.png")
    os.symlink("self.png", tree / "self.png")
    os.mkdir(tree / "folder.png")
    monkeypatch.chdir(tree)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("socket.png")
    failed = dict.fromkeys(["pipe.png", "device.png", "dangling.png", "self.png", "socket.png"], "failed")
    report = run(tree, out)
    assert ends(report) == {"a.png": "written", **failed}
    assert all(report.errors.values())


def test_links_that_loop_end(tree, out):
    paint(tree / "x/a.png")
    os.symlink("..", tree / "x/up")
    os.symlink(".", tree / "x/here")
    os.symlink(tree, tree / "x/top")
    followed = Selection(Listing(follow_symlinks=True))
    assert ends(run(tree, out, selection=followed)) == {"x/a.png": "written"}


def test_a_file_that_vanishes_after_it_was_listed_fails_alone(tree, out):
    for name in ("a.png", "b.png"):
        paint(tree / name)

    class Vanishing(LocalFolder):
        def read(self, name):
            if name == "a.png":
                os.unlink(tree / name)
            return super().read(name)

    plan = prepare(str(tree), str(out), SMALL, options())._replace(source=Vanishing(str(tree)))
    report = Report(tuple(execute(plan, SMALL, options())))
    assert ends(report) == {"a.png": "failed", "b.png": "written"}
    assert "No such file" in report.errors["a.png"]


def test_a_folder_that_vanishes_after_inputs_were_counted_is_told(tree, out):
    for name in ("a.png", "x/b.png"):
        paint(tree / name)
    plan = prepare(str(tree), str(out), SMALL, options())
    shutil.rmtree(tree / "x")
    assert ends(Report(tuple(execute(plan, SMALL, options())))) == {"a.png": "written"}
    assert plan.total == 2, "the one that is missing is counted as skipped"


def test_an_output_inside_the_input_and_an_input_inside_the_output_do_no_harm(tree):
    paint(tree / "a.png")
    for _ in range(2):
        assert set(ends(run(tree, tree / "x/out"))) == {"a.png"}
    before = traces(tree / "x/out")
    assert set(ends(run(tree / "x/out", tree, WEBP))) == {"a.png"}
    changed = {path for path, trace in traces(tree / "x/out").items() if before[path] != trace}
    assert not changed
    assert {"a.png", "a.webp"} <= contents(tree).keys()


def test_where_the_disk_folds_names_inputs_that_differ_in_case_are_refused_before_any_work(tree, out, monkeypatch):
    paint(tree / "a.png", seed=1)
    paint(tree / "A.PNG", seed=2)
    if len(os.listdir(tree)) == 1:
        pytest.skip("this disk folds names itself")
    monkeypatch.setattr(LocalFolder, "folds_names", lambda self: os.path.isdir(os.path.join(self.root, ".imgpipe")))
    with pytest.raises(CollisionError, match=r"a\.png.*A\.PNG|A\.PNG.*a\.png"):
        run(tree, out)
    assert contents(out) == {}
    write(out / "kept", b"")
    with pytest.raises(CollisionError):
        run(tree, out)
    assert contents(out) == {"kept": b""}
