"""A hot folder as a person runs it: pictures arrive in every way, and it ends cleanly. --json tells what happens."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from imgpipe.cli import watch as watching
from imgpipe.discovery import Selection
from imgpipe.errors import UsageError
from imgpipe.recipe import Recipe
from imgpipe.run import Options
from imgpipe.watching import Batch
from tests.command import imgpipe

pytest.importorskip("watchfiles", reason="watchfiles is not installed")
pytestmark = [pytest.mark.usefixtures("nothing_left_behind"), pytest.mark.timeout(180)]


class Watcher:
    """`imgpipe watch` at work, and what it has said."""

    def __init__(self, source, target, *options, program=("-m", "imgpipe")):
        command = [sys.executable, *program, "watch", source, target, "--settle", 0.3, "--json", "-", *options]
        self.process = subprocess.Popen(
            [*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        self.items = []

    def until(self, wanted):
        """The first line that a function wants; those about pictures are kept."""
        for text in self.process.stdout:
            line = json.loads(text)
            if line["type"] == "item":
                self.items.append(line)
            if wanted(line):
                return line
        raise AssertionError(self.process.stderr.read())

    def until_watching(self):
        self.until(lambda line: line["type"] == "watching")
        return self

    def until_item(self, name, status="written"):
        return self.until(lambda line: line.get("source") == name and line["status"] == status)

    def until_written(self, names):
        left = set(names)
        while left:
            left.discard(self.until(lambda line: line.get("status") == "written")["source"])

    def end(self, number=signal.SIGINT):
        """The exit status after a signal, and what was said on stderr; the rest of the items is kept."""
        os.killpg(self.process.pid, number)
        out, errors = self.process.communicate(timeout=60)
        self.items += [line for line in map(json.loads, out.splitlines()) if line["type"] == "item"]
        return self.process.returncode, errors


@pytest.fixture
def watch(tmp_path):
    """Starts a watcher of the folder `in`, and ends it when the test fails."""
    (tmp_path / "in").mkdir()
    started = []

    def start(*options, source=tmp_path / "in", target=tmp_path / "out", **more):
        started.append(Watcher(source, target, "--width", 8, *options, **more))
        return started[-1]

    yield start
    for watcher in started:
        if watcher.process.poll() is None:
            os.killpg(watcher.process.pid, signal.SIGKILL)
        watcher.process.wait()
        watcher.process.stdout.close()
        watcher.process.stderr.close()


def paint(path: Path, size=(16, 12), colour="teal") -> Path:
    """Encoded before its file is made, so that a pause of this process does not leave half of one to be found."""
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, path.suffix[1:])
    path.write_bytes(file.getvalue())
    return path


def test_pictures_are_processed_that_are_there_and_that_come_in_any_way(watch, tmp_path):
    folder = tmp_path / "in"
    paint(folder / "first.png")
    watcher = watch()
    watcher.until_item("first.png")
    watcher.until_watching()
    paint(folder / "written.png")
    watcher.until_item("written.png")
    paint(folder / ".hidden.png").rename(folder / "renamed.png")
    watcher.until_item("renamed.png")
    (tmp_path / "made").mkdir()
    paint(tmp_path / "made" / "a.png")
    (tmp_path / "made" / "deep").mkdir()
    paint(tmp_path / "made" / "deep" / "b.png")
    (tmp_path / "made").rename(folder / "moved")
    watcher.until_written(["moved/a.png", "moved/deep/b.png"])
    paint(folder / "moved" / "deep" / "later.png")
    watcher.until_item("moved/deep/later.png")
    status, errors = watcher.end()
    assert status == 130
    assert "Traceback" not in errors
    made = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.png")}
    assert made == {item["source"] for item in watcher.items}
    assert len(watcher.items) == 6


ARRIVES_ONCE_INPUTS_ARE_COUNTED = """
import os, sys
from imgpipe.cli import watch
from imgpipe.__main__ import main

def prepared(*arguments):
    watch.prepare = prepare
    plan = prepare(*arguments)
    os.rename("early.png", os.path.join(sys.argv[2], "early.png"))
    return plan

prepare, watch.prepare = watch.prepare, prepared
main()
"""


def test_a_picture_that_comes_into_an_empty_folder_once_it_was_counted_is_processed_once(watch, tmp_path, monkeypatch):
    paint(tmp_path / "early.png")
    monkeypatch.chdir(tmp_path)
    watcher = watch(program=("-c", ARRIVES_ONCE_INPUTS_ARE_COUNTED)).until_watching()
    paint(tmp_path / "in" / "later.png")
    watcher.until_item("later.png")
    assert watcher.end()[0] == 130
    assert [item["source"] for item in watcher.items] == ["early.png", "later.png"]


def test_a_picture_that_was_cut_off_fails_and_is_made_once_it_is_whole(watch, tmp_path):
    whole = paint(tmp_path / "whole.png", (300, 200)).read_bytes()
    watcher = watch().until_watching()
    with open(tmp_path / "in" / "slow.png", "wb") as file:
        file.write(whole[: len(whole) // 2])
        file.flush()
        assert watcher.until_item("slow.png", "failed")["error"]["type"] == "DamagedPicture"
        file.write(whole[len(whole) // 2 :])
    watcher.until_item("slow.png")
    assert watcher.end()[0] == 130


def test_a_picture_that_changes_is_made_again(watch, tmp_path):
    watcher = watch().until_watching()
    for size, made in [((16, 12), (8, 6)), ((16, 16), (8, 8)), ((16, 32), (8, 16))]:
        paint(tmp_path / "in" / "a.png", size)
        output = watcher.until_item("a.png")["outputs"][0]
        assert (output["width"], output["height"]) == made
    assert watcher.end(signal.SIGTERM)[0] == 143


def test_a_burst_of_a_thousand_is_taken_whole(watch, tmp_path):
    watcher = watch("--cores", 2).until_watching()
    data = paint(tmp_path / "one.png").read_bytes()
    names = [f"{number:04}.png" for number in range(1000)]
    for name in names:
        (tmp_path / "in" / name).write_bytes(data)
    watcher.until_written(names)
    assert watcher.end()[0] == 130
    assert len(watcher.items) == 1000


def test_an_output_folder_inside_is_not_watched(watch, tmp_path):
    watcher = watch(target=tmp_path / "in" / "out").until_watching()
    for name in ("a.png", "b.png", "c.png"):
        paint(tmp_path / "in" / name)
        watcher.until_item(name)
    watcher.end()
    assert [item["source"] for item in watcher.items] == ["a.png", "b.png", "c.png"]


def test_in_place_a_result_is_not_processed_again(watch, tmp_path):
    watcher = watch("--in-place", target=tmp_path / "in").until_watching()
    for name in ("a.png", "b.png"):
        paint(tmp_path / "in" / name)
        watcher.until_item(name)
    watcher.until_item("b.png", "unchanged")
    watcher.end()
    assert [item["source"] for item in watcher.items if item["status"] == "written"] == ["a.png", "b.png"]


def test_with_prune_the_output_goes_with_its_input(watch, tmp_path):
    for name in ("a.png", "b.png"):
        paint(tmp_path / "in" / name)
    watcher = watch("--prune").until_watching()
    (tmp_path / "in" / "a.png").unlink()
    watcher.until_item("a.png", "pruned")
    assert sorted(path.name for path in (tmp_path / "out").glob("*.png")) == ["b.png"]
    assert watcher.end()[0] == 130


def test_what_goes_is_no_reason_to_process_what_has_stayed(watch, tmp_path):
    for name in ("a.png", "b.png"):
        paint(tmp_path / "in" / name)
    # The first by name, and no picture: each run of it would fail once more.
    (tmp_path / "in" / "0.png").write_bytes((tmp_path / "in" / "a.png").read_bytes()[:60])
    watcher = watch("--prune").until_watching()
    (tmp_path / "in" / "a.png").unlink()
    watcher.until_item("a.png", "pruned")
    summary = watcher.until(lambda line: line["type"] == "summary")
    assert (summary["discovered"], summary["pruned"]) == (0, 1)
    assert watcher.end()[0] == 130
    assert [item["status"] for item in watcher.items if item["source"] == "0.png"] == ["failed"]


def test_it_ends_where_nobody_reads_the_json_any_more(watch, tmp_path):
    watcher = watch().until_watching()
    watcher.process.stdout.close()
    (tmp_path / "made").mkdir()
    for number in range(50):
        paint(tmp_path / "made" / f"{number}.png")
    (tmp_path / "made").rename(tmp_path / "in" / "made")
    assert watcher.process.wait(60) == 1
    said = watcher.process.stderr.read()
    assert said.count("imgpipe: who was to read the JSON has gone; the same command again goes on\n") == 1


def test_two_that_would_become_one_do_not_hold_up_the_others(watch, tmp_path):
    (tmp_path / "made").mkdir()
    for name in ("a.png", "a.bmp", "b.png"):
        paint(tmp_path / "made" / name)
    watcher = watch("-f", "webp").until_watching()
    (tmp_path / "made").rename(tmp_path / "in" / "made")
    watcher.until_item("made/a.png", "skipped")
    assert watcher.end()[0] == 130
    ends = {item["source"]: item["status"] for item in watcher.items}
    assert ends == {"made/a.bmp": "written", "made/a.png": "skipped", "made/b.png": "written"}


def test_while_another_run_has_the_output_folder_pictures_wait(watch, tmp_path):
    fcntl = pytest.importorskip("fcntl")
    paint(tmp_path / "in" / "a.png")
    watcher = watch().until_watching()
    with open(tmp_path / "out" / ".imgpipe" / "lock", "rb+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        paint(tmp_path / "in" / "b.png")
        said = "watching"
        while said.startswith(("watching", "1 input")):
            said = watcher.process.stderr.readline()
        assert said == f"imgpipe: another run is writing to {tmp_path}/out; wait for it or stop it; trying again\n"
    watcher.until_item("b.png")
    assert watcher.end()[0] == 130


@pytest.mark.parametrize("options", [[], ["--poll", 0.2, "--prune"]], ids=["told", "polled"])
def test_the_folder_may_not_go_away(watch, tmp_path, options):
    paint(tmp_path / "in" / "a.png")
    watcher = watch(*options).until_watching()
    shutil.rmtree(tmp_path / "in")
    _, errors = watcher.process.communicate(timeout=60)
    assert errors.splitlines()[-1] == (
        f"imgpipe: {tmp_path}/in is gone, so there is nothing to watch; start again once it is there"
    )
    assert watcher.process.returncode == 3
    assert (tmp_path / "out" / "a.png").exists(), "it was pruned as if its input alone had gone"


def test_what_makes_pictures_wait_is_said_once_until_it_is_over(monkeypatch, capsys):
    def prepared(*_):
        if next(held):
            raise UsageError("another run is writing to out")
        return SimpleNamespace(total=1)

    held = iter([True, True, False, True])
    again = []
    monkeypatch.setattr(watching, "prepare", prepared)
    monkeypatch.setattr(watching, "run_plan", lambda *_: 0)
    plan = SimpleNamespace(selection=Selection(), source=SimpleNamespace(root="in"))
    caller = watching._Caller(SimpleNamespace(options=Options(), recipe=None), "out", None, None)
    said = []
    for _ in range(4):
        assert watching._batch(Batch(("a.png",)), plan, SimpleNamespace(again=again.append), caller) == 0
        said.append(capsys.readouterr().err)
    assert [bool(text) for text in said] == [True, False, False, True]
    assert said[0] == "imgpipe: another run is writing to out; trying again\n"
    assert again == [Batch(("a.png",))] * 3


class Caller:
    """For whom batches are run, as `_batch` sees one; it notes what they are, and stops behind some."""

    def __init__(self, source, target, most=99):
        self.request = SimpleNamespace(options=Options(), recipe=Recipe(format="webp"))
        self.target = str(target)
        self.told = set()
        self.batches = []
        self.pruned = []
        self._most = most
        self.plan = SimpleNamespace(selection=Selection(), source=SimpleNamespace(root=str(source)))

    @property
    def stop(self):
        return len(self.batches) >= self._most

    def run(self, plan):
        self.batches.append([found.source.name for found in plan.jobs()])
        self.pruned.append(plan.may_prune)
        return 0

    def batch(self, *names, stayed=""):
        return watching._batch(Batch(names, stayed), self.plan, None, self)


def test_many_that_would_become_one_with_another_cost_two_runs_and_a_stop_ends_them(tmp_path):
    (tmp_path / "in").mkdir()
    names = sorted(f"{number}.{kind}" for number in range(50) for kind in ("bmp", "png"))
    for name in names:
        paint(tmp_path / "in" / name)
    caller = Caller(tmp_path / "in", tmp_path / "out")
    assert caller.batch(*names) == 0
    assert caller.batches == [names[::2], names[1::2]]
    stopped = Caller(tmp_path / "in", tmp_path / "out", most=1)
    stopped.batch(*names)
    assert stopped.batches == [names[::2]]


def test_what_has_gone_when_its_turn_comes_is_no_failure(tmp_path):
    (tmp_path / "in").mkdir()
    paint(tmp_path / "in" / "a.png")
    caller = Caller(tmp_path / "in", tmp_path / "out")
    assert caller.batch("gone.png") == 0
    assert caller.batches == []
    caller.batch("a.png", "gone.png")
    assert caller.batches == [["a.png"]]


def test_what_has_gone_is_looked_for_once_and_only_where_some_has(tmp_path):
    (tmp_path / "in").mkdir()
    for name in ("a.bmp", "a.png", "b.png"):
        paint(tmp_path / "in" / name)
    caller = Caller(tmp_path / "in", tmp_path / "out")
    caller.batch("b.png")
    caller.batch("a.bmp", "a.png", stayed="b.png")
    caller.batch(stayed="b.png")
    # By the time of the batch that one has gone too: perhaps a disk is no longer mounted.
    caller.batch(stayed="gone.png")
    assert caller.batches == [["b.png"], ["a.bmp"], ["a.png"], [], []]
    assert caller.pruned == [False, True, False, True, False]


WITHOUT_WATCHFILES = "import sys; sys.modules['watchfiles'] = None; from imgpipe.__main__ import main; main()"


def test_without_the_extra_it_says_what_to_install_and_polling_works(watch, tmp_path):
    refused = watch(program=("-c", WITHOUT_WATCHFILES))
    _, errors = refused.process.communicate(timeout=60)
    assert errors == (
        "imgpipe: the system's word of changes comes by an extra: pip install 'imgpipe-cli[watch]'; or look every ten "
        "seconds without it: --poll 10\n"
    )
    assert not (tmp_path / "out").exists()
    assert refused.process.returncode == 2
    watcher = watch("--poll", 0.2, program=("-c", WITHOUT_WATCHFILES)).until_watching()
    paint(tmp_path / "in" / "a.png")
    watcher.until_item("a.png")
    assert watcher.end()[0] == 130


def test_a_bucket_is_not_watched(tmp_path):
    done = imgpipe("watch", "s3://bucket/in", tmp_path / "out")
    assert done.stderr == (
        "imgpipe: imgpipe watch watches a local folder; let a timer start imgpipe process for a bucket\n"
    )
    assert done.returncode == 2


def test_numbers_of_one_run_are_refused_in_names(tmp_path):
    (tmp_path / "in").mkdir()
    done = imgpipe("watch", tmp_path / "in", tmp_path / "out", "--name", "{index:4}{ext}")
    assert done.returncode == 2
    assert done.stderr.startswith("imgpipe: {index} is the number of an input in one run, and each batch")
    assert not (tmp_path / "out").exists()


def test_options_of_one_run_are_not_in_its_help():
    said = imgpipe("watch", "--help").stdout
    assert "--prune" in said
    for option in ("--dry-run", "--files-from", "--null", "--shard-count", "--shard-bytes"):
        assert option not in said


@pytest.mark.parametrize(
    "option",
    [
        ["--dry-run"],
        ["-n"],
        ["--files-from", "-"],
        ["--null"],
        ["-0"],
        ["--shard-count", "9"],
        ["--shard-bytes", "9MB"],
    ],
)
def test_options_of_one_run_are_refused(option, tmp_path):
    done = imgpipe("watch", tmp_path, tmp_path / "out", *option)
    assert done.stderr == f"imgpipe: {option[0]} is for imgpipe process; imgpipe watch has no use for it\n"
    assert done.returncode == 2


@pytest.mark.parametrize(("source", "target"), [("in", "out/{0..9}.tar"), ("in/{0..9}.tar", "out")])
def test_shards_are_not_watched(tmp_path, source, target):
    (tmp_path / "in").mkdir()
    done = imgpipe("watch", tmp_path / source, tmp_path / target)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "imgpipe watch is for folders" in done.stderr
