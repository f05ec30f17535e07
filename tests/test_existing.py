"""What is done where an output stands already, and what outputs take over of their sources."""

import errno
import os
import stat
from types import SimpleNamespace

import pytest

from imgpipe.discovery import Selection
from imgpipe.errors import OutputError
from imgpipe.existing import Existing
from imgpipe.job import Job, Source, Target
from imgpipe.naming import Naming
from imgpipe.recipe import Recipe, Rendition
from imgpipe.savings import Savings
from imgpipe.storage.local import LocalFolder
from tests.folders import contents, paint, traces, write
from tests.runs import HERE, SMALL, ends, run

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

LATE = Recipe(["resize:width=12"], outputs=[Rendition(format="png", name="{stem}-{width}{ext}")])
PLAIN, WIDE = (SMALL, "a.png"), (LATE, "a-12.png")

both = pytest.mark.parametrize(("recipe", "name"), [PLAIN, WIDE], ids=["plain", "late"])


@pytest.fixture
def pictures(tmp_path):
    paint(tmp_path / "in" / "a.png")
    return tmp_path / "in"


def dated(path, seconds):
    os.utime(path, (seconds, seconds))


def end(pictures, out, recipe, overwrite, **more):
    (item,) = run(pictures, out, recipe, existing=Existing(overwrite), **more).items
    return item


@both
@pytest.mark.parametrize("overwrite", ["ours", "never"])
def test_what_somebody_put_there_is_left(pictures, out, recipe, name, overwrite):
    write(out / name, b"precious")
    item = end(pictures, out, recipe, overwrite)
    assert (item.status, contents(out)) == ("skipped", {name: b"precious"})
    assert name in item.reason


@both
@pytest.mark.parametrize("overwrite", ["ours", "always", "newer", "smaller"])
def test_what_another_input_became_is_left_where_only_some_are_named(pictures, out, recipe, name, overwrite):
    def end(*names):
        report = run(pictures, out, recipe, existing=Existing(overwrite), selection=Selection(names=names), naming=flat)
        return ends(report)

    flat = Naming(flat=True)
    paint(pictures / "b/a.png", (24, 24), seed=1)
    dated(pictures / "a.png", 1)
    assert end("a.png") == {"a.png": "written"}
    before = contents(out)
    dated(pictures / "b/a.png", 9e9)
    assert end("b/a.png") == {"b/a.png": "skipped"}
    assert contents(out) == before
    os.unlink(pictures / "a.png")
    assert end("b/a.png") == {"b/a.png": "skipped" if overwrite in ("ours", "smaller") else "written"}


@both
@pytest.mark.parametrize("overwrite", ["ours", "always", "newer", "smaller"])
def test_a_name_that_another_input_had_is_free_once_its_output_is_gone(pictures, out, recipe, name, overwrite):
    paint(pictures / "b/a.png", (24, 24), seed=1)
    for each in ("a.png", "b/a.png"):
        chosen = Selection(names=(each,))
        assert end(pictures, out, recipe, overwrite, selection=chosen, naming=Naming(flat=True)).status == "written"
        os.unlink(out / name)


@both
def test_always_replaces_it(pictures, out, recipe, name):
    write(out / name, b"precious")
    assert end(pictures, out, recipe, "always").status == "written"
    assert contents(out)[name] != b"precious"


@both
def test_newer_replaces_what_is_older_than_its_source(pictures, out, recipe, name):
    write(out / name, b"old")
    dated(pictures / "a.png", 1000)
    for age in (1000, 1001):
        dated(out / name, age)
        item = end(pictures, out, recipe, "newer")
        assert (item.status, item.reason) == ("skipped", f"{name} exists and is not older than its source")
    dated(out / name, 999)
    assert end(pictures, out, recipe, "newer").status == "written"
    assert contents(out)[name] != b"old"


@both
@pytest.mark.parametrize("engine", HERE)
def test_smaller_replaces_what_is_larger_than_the_new_output(pictures, out, recipe, name, engine):
    write(out / name, b"tiny")
    item = end(pictures, out, recipe, "smaller", engine=engine)
    assert (item.status, item.reason) == ("skipped", f"{name} exists and is not larger")
    assert contents(out) == {name: b"tiny"}
    write(out / name, b"x" * 100_000)
    assert end(pictures, out, recipe, "smaller", engine=engine).status == "written"
    size = len(contents(out)[name])
    assert size < 100_000
    for more, status in ((0, "skipped"), (1, "written")):
        write(out.parent / f"{more}" / name, b"x" * (size + more))
        assert end(pictures, out.parent / f"{more}", recipe, "smaller", engine=engine).status == status


@pytest.mark.parametrize(
    ("overwrite", "kept"), [("ours", True), ("never", True), ("always", False), ("newer", False), ("smaller", False)]
)
def test_what_comes_to_an_object_store_meanwhile_is_not_replaced_where_nothing_else_would_be(overwrite, kept):
    job = Job(Source("a.png", "png", 1), (Target("a.webp", "webp"), Target("there.webp", "webp")))

    def fresh(*, remote):
        target = SimpleNamespace(remote=remote, size=lambda name: 5 if name == "there.webp" else None)
        return [target.fresh for target in Existing(overwrite).marked_fresh(job, target).targets]

    assert fresh(remote=True) == [kept, False]
    assert fresh(remote=False) == [False, False], "a rename takes no condition"


def test_what_stands_there_and_cannot_be_looked_at_once_outputs_are_made_ends_the_run(pictures, out, monkeypatch):
    def refuse(self, name):
        raise PermissionError(errno.EACCES, "as asked")

    write(out / "a.png", b"x" * 100_000)
    monkeypatch.setattr(LocalFolder, "size", refuse)
    with pytest.raises(OutputError, match=f"cannot look at what stands in {out}: as asked"):
        end(pictures, out, SMALL, "smaller")
    assert contents(out) == {"a.png": b"x" * 100_000}


def test_smaller_judges_each_output(pictures, out):
    recipe = Recipe(outputs=[Rendition(format="png"), Rendition(format="webp")])
    write(out / "a.png", b"tiny")
    item = end(pictures, out, recipe, "smaller")
    assert (item.status, [output.name for output in item.outputs]) == ("written", ["a.webp"])
    assert item.warnings == ("a.png exists and is not larger",)
    assert contents(out)["a.png"] == b"tiny"


@both
def test_after_smaller_left_an_output_it_is_not_ours(pictures, out, recipe, name):
    write(out / name, b"tiny")
    end(pictures, out, recipe, "smaller")
    assert end(pictures, out, recipe, "ours").status == "skipped"
    assert contents(out) == {name: b"tiny"}


def seen(path):
    status = path.stat()
    return stat.S_IMODE(status.st_mode), status.st_mtime_ns


@pytest.mark.parametrize("engine", HERE)
def test_outputs_get_times_and_mode_of_their_source(pictures, out, engine):
    (pictures / "a.png").chmod(0o640)
    dated(pictures / "a.png", 1_000_000_000)
    recipe = Recipe(outputs=[Rendition(format="webp"), Rendition(format="png", name="{stem}-{width}{ext}")])
    run(pictures, out, recipe, engine, preserve=True)
    for name in ("a.webp", "a-24.png"):
        assert seen(out / name) == (0o640, 1_000_000_000 * 10**9)


def test_without_that_they_get_those_of_any_new_file(pictures, out):
    (pictures / "a.png").chmod(0o600)
    dated(pictures / "a.png", 1_000_000_000)
    run(pictures, out)
    mode, time = seen(out / "a.png")
    os.umask(mask := os.umask(0))
    assert mode == 0o666 & ~mask
    assert time > 1_000_000_000 * 10**9


def test_no_output_gets_the_rights_of_its_sources_owner(pictures, out):
    (pictures / "a.png").chmod(0o4755)
    run(pictures, out, preserve=True)
    assert seen(out / "a.png")[0] == 0o755


def test_what_is_preserved_does_not_matter_for_what_is_up_to_date(pictures, out):
    run(pictures, out, preserve=True)
    before = traces(out)
    for preserve in (True, False):
        assert ends(run(pictures, out, preserve=preserve)) == {"a.png": "unchanged"}
    assert traces(out)[str(out / "a.png")] == before[str(out / "a.png")]
    os.utime(out / "a.png", (5, 5))
    (out / "a.png").chmod(0o600)
    assert ends(run(pictures, out, preserve=True)) == {"a.png": "unchanged"}


def test_what_was_made_without_times_and_mode_of_its_source_is_made_again_with_them(pictures, out):
    (pictures / "a.png").chmod(0o600)
    dated(pictures / "a.png", 1_000_000_000)
    run(pictures, out)
    before = contents(out)
    assert ends(run(pictures, out, preserve=True)) == {"a.png": "written"}
    assert seen(out / "a.png") == (0o600, 1_000_000_000 * 10**9)
    assert contents(out) == before
    for preserve in (True, False, True):
        assert ends(run(pictures, out, preserve=preserve)) == {"a.png": "unchanged"}


def test_what_is_not_worth_it_has_no_times_to_preserve(pictures, out):
    run(pictures, out, savings=Savings(0.99))
    (item,) = run(pictures, out, savings=Savings(0.99), preserve=True).items
    assert (item.status, item.reason) == ("skipped", "its outputs save too little, as was seen before")


def test_a_changed_source_is_made_again_also_where_times_are_preserved(pictures, out):
    run(pictures, out, preserve=True)
    paint(pictures / "a.png", seed=7)
    assert ends(run(pictures, out, preserve=True)) == {"a.png": "written"}


def test_in_place_a_picture_keeps_its_time_and_is_processed_once(pictures):
    dated(pictures / "a.png", 1_000_000_000)
    (pictures / "a.png").chmod(0o640)
    in_place = Existing(in_place=True)
    assert ends(run(pictures, pictures, existing=in_place, preserve=True)) == {"a.png": "written"}
    assert seen(pictures / "a.png") == (0o640, 1_000_000_000 * 10**9)
    assert ends(run(pictures, pictures, existing=in_place, preserve=True)) == {"a.png": "unchanged"}


def test_in_place_a_result_is_not_processed_again_for_times_that_are_gone(pictures):
    in_place = Existing(in_place=True)
    assert ends(run(pictures, pictures, existing=in_place)) == {"a.png": "written"}
    assert ends(run(pictures, pictures, existing=in_place, preserve=True)) == {"a.png": "unchanged"}
