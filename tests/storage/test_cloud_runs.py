"""Whole runs from and to object storage: the same bytes and the same promises as on a disk."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from imgpipe.errors import OutputError, UsageError
from imgpipe.existing import Existing
from imgpipe.journal import Making, peek, segments
from imgpipe.storage import Listing, open_storage
from imgpipe.storage.cloud import CloudFolder
from tests.command import imgpipe
from tests.conftest import no_more_threads
from tests.folders import contents, paint, paint_all
from tests.runs import SMALL, ends, run

NAMES = ["a.png", "b c%20.jpg", "x/é#.png", "x/y/d.gif"]


@pytest.fixture
def pictures(tmp_path):
    return paint_all(tmp_path / "in", NAMES)


def upload(folder, url):
    storage = open_storage(url)
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda pair: storage.put(*pair), contents(folder).items()))


def objects(url, *, hidden=False):
    storage = open_storage(url)
    return {entry.name: storage.read(entry.name) for entry in storage.list(Listing(hidden=hidden))}


def own(url):
    return sorted(entry.name for entry in open_storage(url)._below(".imgpipe"))


@pytest.mark.parametrize("engine", ["serial", "threads", "processes"])
def test_outputs_are_the_bytes_of_a_local_run(pictures, tmp_path, bucket, engine):
    run(pictures, tmp_path / "local")
    upload(pictures, f"{bucket.url}/in")
    report = run(f"{bucket.url}/in", f"{bucket.url}/out", engine=engine)
    assert ends(report) == dict.fromkeys(NAMES, "written")
    assert objects(f"{bucket.url}/out") == contents(tmp_path / "local")
    assert ends(run(f"{bucket.url}/in", tmp_path / "mixed", engine=engine)) == dict.fromkeys(NAMES, "written")
    assert contents(tmp_path / "mixed") == contents(tmp_path / "local")


def test_a_second_run_writes_nothing(pictures, bucket):
    upload(pictures, f"{bucket.url}/in")
    first = run(f"{bucket.url}/in", f"{bucket.url}/out")
    before = own(f"{bucket.url}/out")
    second = run(f"{bucket.url}/in", f"{bucket.url}/out")
    assert ends(second) == dict.fromkeys(NAMES, "unchanged")
    assert {item.outputs for item in second.items} == {item.outputs for item in first.items}
    assert own(f"{bucket.url}/out") == before


def test_what_changed_is_made_again_and_nothing_else(pictures, bucket):
    upload(pictures, f"{bucket.url}/in")
    source, target = f"{bucket.url}/in", f"{bucket.url}/out"
    run(source, target)
    paint(pictures / "a.png", seed=99)
    # Of the same size and, by the clock of a store that counts in seconds, often of the same time.
    open_storage(source).put("a.png", (pictures / "a.png").read_bytes())
    open_storage(target).forget("x/é#.png")
    assert ends(run(source, target)) == dict.fromkeys(NAMES, "unchanged") | {"a.png": "written", "x/é#.png": "written"}


def test_an_object_of_the_same_size_and_time_is_another_by_its_etag(bucket):
    storage = open_storage(bucket.url)
    seen = set()
    for number in range(4):
        storage.put("a.jpg", b"%d" % number)
        (entry,) = storage.list(Listing())
        assert storage.find("a.jpg", Listing()) == entry
        seen.add(entry.inode)
    assert len(seen) == 4


@pytest.mark.parametrize("overwrite", ["ours", "never", "always"])
def test_what_somebody_else_has_put_is_replaced_only_when_asked_for(pictures, bucket, overwrite):
    target = f"{bucket.url}/out"
    open_storage(target).put("a.png", b"precious")
    report = run(pictures, target, existing=Existing(overwrite))
    assert ends(report)["a.png"] == ("written" if overwrite == "always" else "skipped")
    assert (objects(target)["a.png"] == b"precious") == (overwrite != "always")


def test_what_somebody_puts_there_while_the_run_goes_is_left(pictures, bucket, monkeypatch):
    target = f"{bucket.url}/out"
    put = CloudFolder.put

    def after_another(self, name, data, like=None, **more):
        if name == "a.png":
            put(self, name, b"precious")
        put(self, name, data, like, **more)

    monkeypatch.setattr(CloudFolder, "put", after_another)
    report = run(pictures, target)
    assert ends(report)["a.png"] == "skipped"
    assert objects(target)["a.png"] == b"precious"


def test_a_put_whose_answer_was_lost_is_known_by_its_bytes(bucket):
    storage = open_storage(bucket.url)
    storage.put("a.jpg", b"mine", fresh=True)
    storage.put("a.jpg", b"mine", fresh=True)
    with pytest.raises(FileExistsError):
        storage.put("a.jpg", b"else", fresh=True)
    assert storage.read("a.jpg") == b"mine"


def test_an_object_of_another_size_is_not_removed(bucket):
    storage = open_storage(bucket.url)
    storage.put("a.jpg", b"12345")
    assert not storage.remove("a.jpg", 4)
    assert storage.read("a.jpg") == b"12345"
    assert storage.remove("a.jpg", 5)
    assert not storage.remove("a.jpg", 5)


def test_outputs_of_sources_that_are_gone_are_pruned(pictures, bucket):
    source, target = f"{bucket.url}/in", f"{bucket.url}/out"
    upload(pictures, source)
    run(source, target)
    open_storage(source).forget("a.png")
    open_storage(target).put("not ours.png", b"precious")
    report = run(source, target, prune=True)
    assert [item.source.name for item in report.items if item.status == "pruned"] == ["a.png"]
    assert objects(target).keys() == {"b c%20.png", "x/é#.png", "x/y/d.png", "not ours.png"}


def test_a_dry_run_puts_nothing(pictures, bucket):
    done = imgpipe("process", pictures, f"{bucket.url}/out", "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    assert "4 inputs, 4 to be written" in done.stdout
    assert objects(bucket.url, hidden=True) == {}
    run(pictures, f"{bucket.url}/out")
    before = own(f"{bucket.url}/out")
    done = imgpipe("process", pictures, f"{bucket.url}/out", "--dry-run")
    assert "4 to be written" in done.stdout, "another recipe"
    assert own(f"{bucket.url}/out") == before


def test_one_object_is_one_input(pictures, bucket):
    upload(pictures, f"{bucket.url}/in")
    assert ends(run(f"{bucket.url}/in/x/é#.png", f"{bucket.url}/out")) == {"é#.png": "written"}


def test_an_output_inside_the_input_is_not_read(pictures, bucket):
    upload(pictures, bucket.url)
    for _ in range(2):
        assert ends(run(bucket.url, f"{bucket.url}/out")).keys() == set(NAMES)


@pytest.mark.parametrize(
    ("option", "words"), [({"preserve": True}, "--preserve"), ({"existing": Existing(in_place=True)}, "--in-place")]
)
def test_what_objects_cannot_do_is_refused(pictures, bucket, option, words):
    upload(pictures, bucket.url)
    with pytest.raises(UsageError, match=words):
        run(bucket.url, bucket.url if "existing" in option else f"{bucket.url}/out", **option)


def test_a_folder_without_pictures_is_one_and_markers_of_folders_are_no_inputs(bucket):
    assert run(f"{bucket.url}/none", f"{bucket.url}/out").items == ()


def test_names_that_no_object_can_have_fail_before_any_work(tmp_path, bucket):
    odd = [os.fsdecode(b"\xff.png"), "line\nbreak.png", "/".join("x" * 200 for _ in range(6)) + ".png"]
    for name in odd:
        paint(tmp_path / "in" / name)
    report = run(tmp_path / "in", f"{bucket.url}/out")
    assert ends(report) == dict.fromkeys(odd, "failed")
    assert "1024" in report.errors[odd[2]]


def test_two_runs_into_one_output_are_refused(pictures, bucket):
    with (
        segments.opened(open_storage(f"{bucket.url}/out")),
        pytest.raises(UsageError, match=r"another run .* is writing to"),
    ):
        run(pictures, f"{bucket.url}/out")
    assert ends(run(pictures, f"{bucket.url}/out")) == dict.fromkeys(NAMES, "written")


def kill_in_between(command, target, enough, seconds):
    """Kill a run some seconds after it has put so many objects; whether it was still there."""
    with subprocess.Popen(command, stdout=-1, stderr=-1) as process:
        end = time.monotonic() + 60
        while len(objects(target)) <= enough and process.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    return process.returncode == -signal.SIGKILL


def kill_and_go_on(tmp_path, bucket, count, kills):
    for number in range(count):
        paint(tmp_path / f"in/{number % 7}/{number}.png", size=(60, 40), seed=number)
    run(tmp_path / "in", tmp_path / "local")
    upload(tmp_path / "in", f"{bucket.url}/in")
    target = f"{bucket.url}/out"
    command = [sys.executable, "-m", "imgpipe", "process", f"{bucket.url}/in", target]
    command += [
        "--resize",
        "12x",
        "-f",
        "png",
        "--engine",
        "threads",
        "--cores",
        "1",
        "--io-threads",
        "1",
        "--no-progress",
        "--json",
        "-",
    ]
    expected = contents(tmp_path / "local")
    killed = 0
    for number in range(kills):
        killed += kill_in_between(command, target, number * count // (2 * kills), number * 0.03)
        assert objects(target).items() <= expected.items(), "a partial object"
    assert killed >= kills // 2, "the others had come to their end already"
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {line["status"] for line in lines[:-1]} <= {"written", "unchanged"}
    assert objects(target) == expected
    again = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert json.loads(again.stdout.splitlines()[-1])["unchanged"] == count


def test_a_run_that_was_killed_goes_on_at_once_and_makes_the_same(tmp_path, bucket):
    kill_and_go_on(tmp_path, bucket, 60, kills=2)


@pytest.mark.chaos
def test_a_run_that_was_killed_often_goes_on_and_makes_the_same(tmp_path, bucket):
    kill_and_go_on(tmp_path, bucket, 600, kills=20)


def test_many_segments_become_few_and_say_the_same(tmp_path, bucket, monkeypatch):
    monkeypatch.setattr(segments, "_MANY", 3)
    for seed in range(6):
        paint(tmp_path / f"in/{seed}.png", seed=seed)
        report = run(tmp_path / "in", f"{bucket.url}/out")
        assert sorted(ends(report).values()) == ["unchanged"] * seed + ["written"]
    names = own(f"{bucket.url}/out")
    assert "journal/000001/base" in names or "journal/000002/base" in names
    assert len({name.split("/")[1] for name in names}) == 1
    assert len(names) < 8


class Killed(BaseException):
    pass


def open_and_die(target, monkeypatch, steps):
    """Open the journal, and be killed before the call that follows so many; whether it came to that."""
    left = iter(range(steps))

    def dying(call):
        def at(self, name, *more, **options):
            if "journal/" in name and next(left, None) is None:
                raise Killed
            return call(self, name, *more, **options)

        return at

    with monkeypatch.context() as patched:
        patched.setattr(CloudFolder, "put", dying(CloudFolder.put))
        patched.setattr(CloudFolder, "forget", dying(CloudFolder.forget))
        try:
            with segments.opened(open_storage(target)):
                return False
        except Killed:
            return True


@pytest.mark.parametrize("leftovers", ["removed", "kept"])
def test_a_compaction_that_is_killed_at_any_step_loses_nothing(tmp_path, bucket, monkeypatch, leftovers):
    killed, step = True, 0
    while killed:
        source, target = tmp_path / f"{step}", f"{bucket.url}/{step}"
        for seed in range(2):
            paint(source / f"{seed}.png", seed=seed)
            run(source, target)
        with monkeypatch.context() as patched:
            patched.setattr(segments, "_MANY", 1)
            patched.setattr(segments, "joined", iter)
            killed = open_and_die(target, monkeypatch, step)
            with monkeypatch.context() as failing:
                if leftovers == "kept":
                    failing.setattr(segments.SegmentedFile, "_remove", lambda *_: None)
                reports = [run(source, target)]
            # What the next one knows, it has from the bucket.
            reports.append(run(source, target))
        assert [set(ends(report).values()) for report in reports] == [{"unchanged"}] * 2, step
        assert len({name.split("/")[1] for name in own(target) if name.startswith("journal/")}) == 1, step
        step += 1
    assert step > 5


def test_what_a_killed_compaction_left_and_cannot_be_removed_never_counts(bucket, monkeypatch):
    storage = open_storage(f"{bucket.url}/out")
    storage.put(segments._name(1, 5), b'{"begun":"ghost","outputs":[]}\n')
    storage.put(f".imgpipe/journal/of-others/{segments._BASE}", b"")
    monkeypatch.setattr(segments, "_MANY", 0)
    monkeypatch.setattr(segments.SegmentedFile, "_remove", lambda *_: None)
    with segments.opened(storage) as file:
        file.append(b'{"begun":"a","outputs":[]}\n')
    with segments.opened(storage) as file:
        assert (file._generation, set(file.index.begun)) == (2, {"a"})
    with segments.opened(storage) as file:
        assert set(file.index.begun) == {"a"}


def test_a_journal_that_no_threads_can_be_started_to_read_is_an_output_error(pictures, bucket, monkeypatch):
    run(pictures, f"{bucket.url}/out")
    with monkeypatch.context() as here:
        no_more_threads(here)
        with pytest.raises(OutputError, match=r"cannot read the journal: .*ulimit -u"):
            peek(f"{bucket.url}/out", Making(""))


def test_without_a_lock_that_is_renewed_nothing_more_is_recorded(pictures, bucket):
    with segments.opened(open_storage(f"{bucket.url}/out")) as file:
        file.append(b'{"begun":"a","outputs":[]}\n')
        file._lease._taken = True
        with pytest.raises(OSError, match="another run has taken"):
            file.append(b'{"begun":"b","outputs":[]}\n')


def test_a_segment_that_another_run_has_put_is_not_overwritten(bucket):
    storage = open_storage(f"{bucket.url}/out")
    with segments.opened(storage) as file:
        file.append(b'{"begun":"a","outputs":[]}\n')
        theirs = segments._name(file._generation, file._number + 1)
        storage.put(theirs, b"theirs")
        with pytest.raises(FileExistsError):
            file.append(b'{"begun":"b","outputs":[]}\n')
    assert storage.read(theirs) == b"theirs"


def test_the_journal_that_cannot_be_written_ends_the_run(pictures, bucket, monkeypatch):
    put = CloudFolder.put

    def refusing(self, name, *more, **options):
        if "/journal/" in name:
            raise PermissionError(13, "denied")
        put(self, name, *more, **options)

    monkeypatch.setattr(CloudFolder, "put", refusing)
    with pytest.raises(OutputError, match="cannot write the journal"):
        run(pictures, f"{bucket.url}/out")
    assert objects(f"{bucket.url}/out") == {}


def test_an_option_for_disks_means_nothing_and_is_taken(pictures, bucket):
    assert ends(run(pictures, f"{bucket.url}/out", durability="fsync")) == dict.fromkeys(NAMES, "written")


def test_images_are_told_from_other_files_by_their_media_type(pictures, bucket):
    run(pictures, f"{bucket.url}/out", SMALL)
    store = open_storage(f"{bucket.url}/out").objects.store
    assert store.get(f"{bucket.prefix}/out/a.png").attributes["Content-Type"] == "image/png"
