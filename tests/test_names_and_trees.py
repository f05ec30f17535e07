"""A tree of everything that a file system allows, from folder to folder."""

import os
import shutil
import socket
import tarfile
from typing import get_args

import pytest

from imgpipe.api import Report
from imgpipe.discovery import Selection
from imgpipe.errors import CollisionError
from imgpipe.existing import Existing, Overwrite
from imgpipe.recipe import Recipe, Rendition
from imgpipe.run import execute, prepare
from imgpipe.storage import Listing
from imgpipe.storage.local import LocalFolder
from tests.folders import contents, paint, traces, write
from tests.runs import SMALL, ends, options, run

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

WIDE = Recipe(outputs=[Rendition(format="png", name="{stem}-{width}{ext}")])
ONLY_WIDTH = Recipe(outputs=[Rendition(format="png", name="{dir}/{width}{ext}")])
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
        def read_into(self, name, room):
            if name == "a.png":
                os.unlink(tree / name)
            return super().read_into(name, room)

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


@pytest.mark.parametrize("recipe", [SMALL, WEBP, WIDE], ids=["same-name", "another", "late"])
@pytest.mark.parametrize("overwrite", get_args(Overwrite))
def test_links_in_the_output_that_lead_to_inputs_or_other_outputs_are_not_written_through(tree, out, recipe, overwrite):
    for seed, name in enumerate(("a.png", "x/b.png", "x/deep/c.png", "y/b.png")):
        paint(tree / name, seed=seed)
    out.mkdir()
    os.symlink("../in/x", out / "x")
    os.symlink(".", out / "y")
    before = traces(tree)
    report = run(tree, out, recipe, existing=Existing(overwrite))
    linked = dict.fromkeys(("x/b.png", "x/deep/c.png", "y/b.png"), "failed")
    assert ends(report) == {"a.png": "written", **linked}
    assert f"leads to {tree}/x, which is in INPUT" in report.errors["x/b.png"]
    assert f"leads to {out}, which is in OUTPUT too" in report.errors["y/b.png"]
    assert traces(tree) == before


@pytest.mark.parametrize("recipe", [SMALL, WIDE], ids=["same-name", "late"])
def test_of_two_links_in_the_output_that_lead_to_one_place_elsewhere_the_first_counts(tree, out, tmp_path, recipe):
    names = ["x/a.png", "x/deep/b.png", "y/a.png", "z/b.png", "z/c.png"]
    for seed, name in enumerate(names):
        paint(tree / name, seed=seed)
    (tmp_path / "elsewhere/deep").mkdir(parents=True)
    out.mkdir()
    for link, leads_to in (("x", "elsewhere"), ("y", "elsewhere"), ("z", "elsewhere/deep")):
        os.symlink(tmp_path / leads_to, out / link)
    for end in ("written", "unchanged", "unchanged"):
        report = run(tree, out, recipe, existing=Existing("always"))
        assert ends(report) == dict.fromkeys(names[:2], end) | dict.fromkeys(names[2:], "failed")
        assert f"leads to {tmp_path}/elsewhere, as one to x does; remove one of them" in report.errors["y/a.png"]
        paint(tree / "y/a.png", seed=9)
    assert len(contents(tmp_path / "elsewhere")) == 2


def test_links_in_the_output_lead_nothing_astray_that_comes_from_a_shard(tree, out, tmp_path):
    with tarfile.open(tmp_path / "in.tar", "w") as tar:
        for seed, name in enumerate(("a.png", "x/a.png")):
            paint(tree / name, seed=seed)
            tar.add(tree / name, name)
    out.mkdir()
    os.symlink(".", out / "x")
    assert ends(run(tmp_path / "in.tar", out)) == {"a.png": "written", "x/a.png": "failed"}


def test_a_folder_of_the_input_that_is_mounted_in_the_output_is_not_written_to(tree, out, monkeypatch):
    for seed, name in enumerate(("a.png", "x/b.png", "y/c.png")):
        paint(tree / name, seed=seed)
    (out / "x").mkdir(parents=True)
    (out / "y").mkdir()
    same = os.path.samefile
    both = {f"{tree}/x", f"{out}/x"}
    monkeypatch.setattr(os.path, "samefile", lambda *two: set(map(os.fspath, two)) == both or same(*two))
    report = run(tree, out, existing=Existing("always"))
    assert ends(report) == {"a.png": "written", "x/b.png": "failed", "y/c.png": "written"}
    assert "x is a folder of INPUT, mounted once more" in report.errors["x/b.png"]


@pytest.mark.parametrize("recipe", [SMALL, ONLY_WIDTH], ids=["same-name", "late"])
def test_an_original_to_which_a_link_in_the_input_leads_is_not_replaced(tree, out, recipe):
    for seed, name in enumerate(("24.png", "x/24.png")):
        paint(out / name, seed=seed)
    os.symlink(out / "24.png", tree / "24.png")
    os.symlink(out / "x", tree / "x")
    before = contents(out)
    followed = Selection(Listing(follow_symlinks=True))
    report = run(tree, out, recipe, existing=Existing("always"), selection=followed)
    assert ends(report) == {"24.png": "failed", "x/24.png": "failed"}
    assert "it is the original" in report.errors["24.png"]
    assert contents(out) == before


def test_where_an_output_stands_as_a_link_or_another_name_of_its_source_only_this_name_is_replaced(tree, out):
    for seed, name in enumerate(("a.png", "b.png")):
        paint(tree / name, seed=seed)
    out.mkdir()
    os.link(tree / "a.png", out / "a.png")
    os.symlink(tree / "b.png", out / "b.png")
    before = contents(tree)
    assert set(ends(run(tree, out, existing=Existing("always"))).values()) == {"written"}
    assert contents(tree) == before
    assert not (out / "b.png").is_symlink()


def test_in_place_a_picture_that_two_folders_lead_to_is_processed_by_one_of_them(tree):
    paint(tree / "x/a.png", size=(48, 32))
    os.symlink("x", tree / "y")
    for end in ("written", "unchanged"):
        report = run(
            tree,
            tree,
            Recipe(["resize:50%"]),
            existing=Existing(in_place=True),
            selection=Selection(Listing(follow_symlinks=True)),
        )
        assert ends(report) == {"x/a.png": end, "y/a.png": "failed"}


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
