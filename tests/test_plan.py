import os
import socket
import stat
from types import SimpleNamespace

import pytest

from imgpipe.discovery import Selection
from imgpipe.errors import CollisionError, OutputError, UsageError
from imgpipe.existing import Existing
from imgpipe.job import Item, Job, Output, Source, Status
from imgpipe.journal import Making, open_journal, peek
from imgpipe.naming import Naming
from imgpipe.places import check_target
from imgpipe.plan import make_plan
from imgpipe.recipe import Recipe
from imgpipe.storage import Listing
from imgpipe.storage.local import LocalFolder
from tests.folders import contents, traces, write

RECIPE = "digest"


@pytest.fixture
def pictures(tmp_path):
    for name in ("a.jpg", "b.png", "x/c.jpg"):
        write(tmp_path / "in" / name, b"content")
    return tmp_path / "in"


def plan(source, target, format=None, **more):
    selection = Selection(**{key: more.pop(key) for key in ("listing", "include", "exclude") if key in more})
    return make_plan(str(source), str(target), selection, Recipe(format=format), Existing(**more)).counted()


class Folding(LocalFolder):
    """A folder on a disk that takes names that differ in case for one."""

    def folds_names(self):
        return True


def names(jobs):
    return [job.source.name for job in jobs]


def write_output(out, job, data=b"made"):
    write(out / job.targets[0].name, data)
    return Item(job.source, Status.WRITTEN, (Output(job.targets[0].name, len(data), 1, 1),))


def run(plan, out):
    """Do a plan as a run does, with content of four bytes for every output; what became of each input."""
    ends = {}
    with open_journal(LocalFolder(str(out)), Making(RECIPE)) as journal:
        for job in plan.jobs(journal):
            item = write_output(out, job) if isinstance(job, Job) else job
            journal.record(item)
            ends[item.source.name] = item.status
    return ends


def reasons(plan, out):
    jobs = plan.jobs(peek(str(out), Making(RECIPE)))
    return {job.source.name: job.reason for job in jobs if isinstance(job, Item)}


def test_a_folder_is_planned_and_nothing_is_written(pictures, out):
    before = traces(pictures)
    made = plan(pictures, out, "webp")
    assert made.total == 3
    assert [(job.source.name, job.targets[0].name) for job in made.jobs()] == [
        ("a.jpg", "a.webp"),
        ("b.png", "b.webp"),
        ("x/c.jpg", "x/c.webp"),
    ]
    assert traces(pictures) == before
    assert not out.exists()


def test_the_naming_is_kept_to(pictures, out):
    made = make_plan(str(pictures), str(out), Selection(), Recipe(), Existing(), Naming("-small", flat=True)).counted()
    assert [job.targets[0].name for job in made.jobs()] == ["a-small.jpg", "b-small.png", "c-small.jpg"]


def test_an_input_that_is_not_there_is_refused(tmp_path, out):
    with pytest.raises(UsageError, match="there is no input"):
        plan(tmp_path / "missing", out)
    with pytest.raises(UsageError, match="the name of a folder is empty"):
        plan("", out)


def test_a_folder_without_pictures_is_a_plan_of_nothing(tmp_path, out):
    (tmp_path / "empty").mkdir()
    assert plan(tmp_path / "empty", out).total == 0


@pytest.mark.parametrize(
    "name", ["a.jpg", "odd name\n.jpg", ".hidden.jpg", os.fsdecode(b"\xff.jpg"), "*.jpg", "[a].jpg"], ids=ascii
)
def test_an_input_may_be_one_file(pictures, out, name):
    write(pictures / name)
    write(pictures / "x" / name)
    made = plan(pictures / name, out)
    assert (made.total, names(made.jobs())) == (1, [name])


def test_one_file_that_is_no_picture_is_accounted_for(pictures, out):
    write(pictures / "notes.txt")
    made = plan(pictures / "notes.txt", out)
    assert made.total == 1
    assert next(made.jobs()).status is Status.SKIPPED


def test_one_file_that_is_a_dangling_link_is_accounted_for(pictures, out):
    os.symlink("nowhere", pictures / "dangling.jpg")
    assert names(plan(pictures / "dangling.jpg", out).jobs()) == ["dangling.jpg"]


def test_a_folder_by_the_name_of_a_picture_is_not_made_for_one_file(pictures, tmp_path):
    with pytest.raises(UsageError, match=r"small\.webp would be one; give another"):
        plan(pictures / "a.jpg", tmp_path / "small.webp")
    (tmp_path / "mine.webp").mkdir()
    assert plan(pictures / "a.jpg", tmp_path / "mine.webp").total == 1
    assert plan(pictures, tmp_path / "other.webp").total > 1


def test_an_output_that_is_a_file_is_refused(pictures, tmp_path):
    write(tmp_path / "file", b"precious")
    with pytest.raises(UsageError, match="OUTPUT is a folder"):
        plan(pictures, tmp_path / "file")
    os.symlink("nowhere", tmp_path / "dangling")
    with pytest.raises(UsageError, match="OUTPUT is a folder"):
        plan(pictures, tmp_path / "dangling")


@pytest.mark.parametrize("spelling", ["{0}", "{0}/", "{0}/x/..", "{0}/../in", "{1}"])
def test_input_and_output_may_not_be_the_same_folder(pictures, tmp_path, spelling):
    os.symlink(pictures, tmp_path / "link")
    with pytest.raises(UsageError, match="same folder"):
        plan(pictures, spelling.format(pictures, tmp_path / "link"))
    with pytest.raises(UsageError, match="same folder"):
        plan(spelling.format(pictures, tmp_path / "link"), pictures)


def test_input_and_output_may_not_be_the_same_place_in_object_storage_either():
    def place():
        return SimpleNamespace(
            root="s3://b/x", identity="s3://b/x", remote=True, samples=False, calls=None, obstacle=lambda _: ""
        )

    with pytest.raises(UsageError, match="input and output are the same folder, s3://b/x"):
        check_target(place(), place(), Existing())


def test_a_folder_of_two_real_paths_is_one(pictures, tmp_path, monkeypatch):
    """As where it is mounted twice, or its disk takes `in` and `IN` for one."""
    os.symlink(pictures, tmp_path / "link")
    monkeypatch.setattr(os.path, "realpath", os.path.abspath)
    with pytest.raises(UsageError, match="same folder"):
        plan(pictures, tmp_path / "link", overwrite="always")
    assert plan(pictures, tmp_path / "link", in_place=True).total == 3


@pytest.mark.parametrize("overwrite", ["ours", "always"])
def test_no_output_is_written_into_an_input_that_is_inside_the_output(pictures, tmp_path, overwrite):
    write(pictures / "in/a.jpg", b"content")
    write(pictures / "inner/a.jpg", b"content")
    planned = plan(pictures, tmp_path, overwrite=overwrite)
    assert planned.may_prune
    found = {job.source.name: job for job in planned.jobs(peek(str(tmp_path), Making(RECIPE)))}
    assert [name for name, job in found.items() if isinstance(job, Item)] == ["in/a.jpg"]
    assert "in/ is INPUT, where nothing is written" in found["in/a.jpg"].failure.message
    template = Naming(template="in/{dir}/{stem}-{width}{ext}")
    planned = make_plan(str(pictures), str(tmp_path), Selection(), Recipe(), Existing(overwrite), template).counted()
    assert not any(isinstance(job, Job) for job in planned.jobs(peek(str(tmp_path), Making(RECIPE))))


def test_one_file_may_not_be_written_into_its_own_folder(pictures):
    with pytest.raises(UsageError, match="same folder"):
        plan(pictures / "a.jpg", pictures)


def test_a_scheme_without_a_storage_is_refused(pictures, out):
    with pytest.raises(UsageError, match="no storage for ftp"):
        plan("ftp://bucket", out)
    with pytest.raises(UsageError, match="no storage for ftp"):
        plan(pictures, "ftp://bucket")


@pytest.mark.parametrize("where", ["out", "x/out", "x"])
@pytest.mark.parametrize("linked", [False, True], ids=["direct", "through-a-link"])
def test_an_output_inside_the_input_is_never_read(pictures, tmp_path, where, linked):
    os.symlink(pictures, tmp_path / "link")
    source = tmp_path / "link" if linked else pictures
    write(pictures / where / "made.jpg")
    made = plan(source, pictures / where)
    expected = ["a.jpg", "b.png"] if where == "x" else ["a.jpg", "b.png", "x/c.jpg"]
    assert (made.total, names(made.jobs())) == (len(expected), expected)


def test_an_output_inside_the_input_that_is_given_by_a_link_is_never_read(pictures, tmp_path):
    write(pictures / "out/made.jpg")
    os.symlink(pictures / "out", tmp_path / "link")
    assert plan(pictures, tmp_path / "link").total == 3


def test_an_output_that_is_made_inside_the_input_during_the_run_is_never_read(pictures):
    made = plan(pictures, pictures / "out")
    jobs = made.jobs()
    seen = []
    for job in jobs:
        seen.append(job.source.name)
        write_output(pictures / "out", job)
    assert seen == ["a.jpg", "b.png", "x/c.jpg"]
    assert names(plan(pictures, pictures / "out").jobs()) == seen


def test_two_inputs_of_one_output_are_found_before_anything_is_written(pictures, out):
    write(pictures / "x/c.png")
    before = traces(pictures)
    with pytest.raises(CollisionError, match=r"x/c\.webp <- x/c\.jpg, x/c\.png"):
        plan(pictures, out, "webp")
    assert traces(pictures) == before
    assert not out.exists()
    assert plan(pictures, out).total == 4
    assert plan(pictures, out, "webp", exclude=("*.png",)).total == 2


def test_of_two_inputs_of_one_output_of_which_one_came_after_the_counting_one_fails(pictures, out):
    counted = plan(pictures, out, "webp")
    write(pictures / "b.jpg", b"content")
    write(pictures / "new.jpg", b"content")
    jobs = counted.jobs(peek(str(out), Making(RECIPE)))
    found = {job.source.name: job for job in jobs}
    assert {name: isinstance(job, Job) for name, job in found.items()} == {
        "a.jpg": True,
        "b.jpg": True,
        "b.png": False,
        "new.jpg": True,
        "x/c.jpg": True,
    }
    assert found["b.png"].failure.type == "CollisionError"


def test_what_came_after_the_counting_and_cannot_stand_in_its_place_fails_alone(pictures):
    counted = plan(pictures, pictures, in_place=True, include=("*.jpg", "*.gif"), format="jpeg")
    write(pictures / "new.gif", b"content")
    jobs = list(counted.jobs(peek(str(pictures), Making(RECIPE))))
    assert names(jobs) == ["a.jpg", "new.gif", "x/c.jpg"]
    assert jobs[1].status is Status.FAILED
    assert "with --in-place an output has the name of its source" in jobs[1].failure.message


def test_whatever_stands_in_the_input_is_accounted_for_and_nothing_is_waited_for(pictures, out, monkeypatch):
    monkeypatch.chdir(pictures)
    for name in ("pipe", "pipe.jpg"):
        os.mkfifo(name)
    for name in ("socket", "socket.jpg"):
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(name)
    for name in ("device", "device.jpg"):
        os.symlink("/dev/zero", name)
    for name in ("loop", "loop.jpg"):
        os.symlink(name, name)
    for name in ("dangling", "dangling.jpg"):
        os.symlink("nowhere", name)
    os.symlink("..", "x/up")
    write(pictures / "notes.txt")
    made = plan(pictures, out)
    found = list(made.jobs())
    kinds = ["dangling", "device", "loop", "pipe", "socket"]
    assert made.total == len(found) == 3 + 5 + 5 + 1
    assert {job.source.name for job in found if isinstance(job, Item)} == {*kinds, "notes.txt"}
    assert {job.source.name for job in found if isinstance(job, Job)} >= {f"{kind}.jpg" for kind in kinds}


@pytest.mark.skipif(not os.path.exists("/dev/null") or os.geteuid() != 0, reason="only root makes devices")
def test_a_device_file_is_accounted_for(pictures, out):
    try:
        os.mknod(pictures / "device", stat.S_IFCHR | 0o600, os.makedev(1, 5))
    except OSError:
        pytest.skip("no devices can be made here")
    (item,) = [job for job in plan(pictures, out).jobs() if isinstance(job, Item)]
    assert (item.source.name, item.status) == ("device", Status.SKIPPED)


def test_an_unreadable_folder_is_accounted_for(pictures, out):
    os.chmod(pictures / "x", 0)
    try:
        if os.access(pictures / "x", os.R_OK):
            pytest.skip("root may read everything")
        found = list(plan(pictures, out).jobs())
    finally:
        os.chmod(pictures / "x", 0o700)
    assert [(job.source.name, job.status) for job in found if isinstance(job, Item)] == [("x", Status.FAILED)]


def test_following_links_that_loop_ends_and_names_each_file_once(pictures, out):
    os.symlink(pictures, pictures / "x/loop")
    found = names(plan(pictures, out, listing=Listing(follow_symlinks=True)).jobs())
    assert found == ["a.jpg", "b.png", "x/c.jpg"]


def test_what_is_up_to_date_is_unchanged(pictures, out):
    assert set(run(plan(pictures, out), out).values()) == {Status.WRITTEN}
    assert set(run(plan(pictures, out), out).values()) == {Status.UNCHANGED}
    assert set(run(plan(pictures, out, force=True), out).values()) == {Status.WRITTEN}


def test_what_is_out_of_date_and_ours_is_made_again(pictures, out):
    run(plan(pictures, out), out)
    write(pictures / "a.jpg", b"another content")
    assert run(plan(pictures, out), out) == {
        "a.jpg": Status.WRITTEN,
        "b.png": Status.UNCHANGED,
        "x/c.jpg": Status.UNCHANGED,
    }


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("overwrite", ["ours", "never"])
def test_a_foreign_output_is_left_alone(pictures, out, overwrite, force):
    write(out / "a.jpg", b"precious")
    assert run(plan(pictures, out, overwrite=overwrite, force=force), out) == {
        "a.jpg": Status.SKIPPED,
        "b.png": Status.WRITTEN,
        "x/c.jpg": Status.WRITTEN,
    }
    assert contents(out)["a.jpg"] == b"precious"


@pytest.mark.parametrize("kind", ["folder", "dangling link", "pipe"])
def test_a_foreign_output_of_any_kind_is_left_alone(pictures, out, kind):
    out.mkdir()
    make = {"folder": os.mkdir, "dangling link": lambda path: os.symlink("nowhere", path), "pipe": os.mkfifo}
    make[kind](out / "a.jpg")
    assert run(plan(pictures, out), out)["a.jpg"] is Status.SKIPPED


def test_a_foreign_output_is_replaced_when_that_is_asked_for(pictures, out):
    write(out / "a.jpg", b"precious")
    assert run(plan(pictures, out, overwrite="always"), out)["a.jpg"] is Status.WRITTEN


def test_never_leaves_our_own_outputs_alone_too(pictures, out):
    run(plan(pictures, out), out)
    write(pictures / "a.jpg", b"another content")
    made = plan(pictures, out, overwrite="never")
    assert run(made, out) == {"a.jpg": Status.SKIPPED, "b.png": Status.UNCHANGED, "x/c.jpg": Status.UNCHANGED}


def test_a_skipped_output_says_what_would_replace_it(pictures, out):
    write(out / "a.jpg", b"precious")
    reason = reasons(plan(pictures, out), out)["a.jpg"]
    assert "a.jpg exists" in reason
    assert "--overwrite always" in reason
    assert reasons(plan(pictures, out, overwrite="never"), out) == {"a.jpg": "a.jpg exists already"}


def test_an_output_that_a_killed_run_may_have_published_is_ours(pictures, out):
    with open_journal(LocalFolder(str(out)), Making(RECIPE)) as journal:
        job = next(plan(pictures, out).jobs(journal))
        write_output(out, job)
    assert run(plan(pictures, out), out)["a.jpg"] is Status.WRITTEN


def test_a_foreign_output_in_the_way_is_never_claimed(pictures, out):
    write(out / "a.jpg", b"precious")
    run(plan(pictures, out), out)
    assert run(plan(pictures, out), out)["a.jpg"] is Status.SKIPPED
    assert not peek(str(out), Making(RECIPE)).made("a.jpg", Source("a.jpg", "jpeg", 7))


def test_a_name_that_would_become_too_long_fails_before_any_work_and_the_way_out_is_named(pictures, out):
    name = "x" * 251 + ".jpg"
    write(pictures / name)
    with open_journal(LocalFolder(str(out)), Making(RECIPE)) as journal:
        jobs = {job.source.name: job for job in plan(pictures, out, "webp").jobs(journal)}
    assert jobs[name].status is Status.FAILED
    assert "too long (256 bytes" in jobs[name].failure.message
    assert "--name" in jobs[name].failure.message
    assert all(isinstance(job, Job) for other, job in jobs.items() if other != name)


class Closed(LocalFolder):
    """An output folder of which one folder, or all, cannot be written."""

    def __init__(self, root, closed):
        super().__init__(root)
        self._closed = closed

    def writable(self):
        return bool(self._closed)

    def obstacle(self, name):
        return "no permission" if name.startswith(self._closed) else ""


def test_a_folder_that_cannot_be_written_fails_its_pictures_before_any_work(pictures, out):
    closed = plan(pictures, out)._replace(target=Closed(str(out), "x/"))
    with open_journal(LocalFolder(str(out)), Making(RECIPE)) as journal:
        jobs = {job.source.name: job for job in closed.jobs(journal)}
    assert jobs["x/c.jpg"].failure.message == "cannot write x/c.jpg: no permission"
    assert isinstance(jobs["a.jpg"], Job)


def test_an_output_folder_that_cannot_be_written_stops_the_run(pictures, out):
    closed = plan(pictures, out)._replace(target=Closed(str(out), ""))
    with (
        open_journal(LocalFolder(str(out)), Making(RECIPE)) as journal,
        pytest.raises(OutputError, match=r"cannot write to .*out: no permission; mend that"),
    ):
        list(closed.jobs(journal))


def test_outputs_that_are_one_where_names_are_folded_clash_once_that_is_seen(pictures, out):
    write(pictures / "A.JPG")
    made = plan(pictures, out)
    made.look_again()
    with pytest.raises(CollisionError, match=r"a\.jpg"):
        made._replace(target=Folding(str(out))).look_again()


def test_an_input_that_comes_during_the_run_clashes_in_any_case_too_where_that_was_seen(pictures, out):
    seen = plan(pictures, out)._replace(target=Folding(str(out))).look_again()
    write(pictures / "A.JPG")
    assert run(seen, out)["a.jpg"] is Status.FAILED


def planned(pictures, out, **more):
    """What is to be done with a.jpg."""
    with open_journal(LocalFolder(str(out)), Making(RECIPE)) as journal:
        jobs = {job.source.name: job for job in plan(pictures, out, **more).jobs(journal)}
        journal.withdraw(job for job in jobs.values() if isinstance(job, Job))
    return jobs["a.jpg"]


def replaced(path):
    """Another file of the same size and time."""
    status = path.stat()
    write(str(path) + ".new", path.read_bytes())
    os.utime(str(path) + ".new", ns=(status.st_atime_ns, status.st_mtime_ns))
    os.replace(str(path) + ".new", path)


def touched(path):
    os.utime(path, ns=(1, 1))


def rewritten(path):
    """Other content of the same size in the same file, and the time as it was."""
    status = path.stat()
    path.write_bytes(b"CONTENT")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize(
    ("change", "known_by", "again"),
    [
        (replaced, "inode", True),
        (replaced, "time", False),
        (replaced, "content", False),
        (touched, "time", True),
        (touched, "content", False),
        (rewritten, "inode", False),
        (rewritten, "content", True),
    ],
)
def test_a_source_is_known_by_what_was_asked_for(pictures, out, change, known_by, again):
    run(plan(pictures, out, known_by=known_by), out)
    assert isinstance(planned(pictures, out, known_by=known_by), Item)
    change(pictures / "a.jpg")
    assert isinstance(planned(pictures, out, known_by=known_by), Job) == again


def test_content_that_was_never_noted_is_not_known(pictures, out):
    run(plan(pictures, out), out)
    assert isinstance(planned(pictures, out, known_by="content"), Job)
    run(plan(pictures, out, known_by="content"), out)
    assert isinstance(planned(pictures, out), Item), "size and time are noted all the same"


def test_content_that_was_noted_does_not_count_where_the_time_does(pictures, out):
    run(plan(pictures, out, known_by="content"), out)
    touched(pictures / "a.jpg")
    assert isinstance(planned(pictures, out), Job)


def test_a_source_that_cannot_be_read_is_not_known_by_its_content(pictures, out):
    run(plan(pictures, out, known_by="content"), out)
    os.unlink(pictures / "a.jpg")
    os.mkfifo(pictures / "a.jpg")
    assert isinstance(planned(pictures, out, known_by="content"), Job)


def test_an_output_folder_that_cannot_be_looked_into_is_an_output_error(pictures, out, monkeypatch):
    def refuse(self, name):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(LocalFolder, "stat", refuse)
    with (
        open_journal(LocalFolder(str(out)), Making(RECIPE)) as journal,
        pytest.raises(OutputError, match=r"a\.jpg.*Permission denied"),
    ):
        list(plan(pictures, out).jobs(journal))
