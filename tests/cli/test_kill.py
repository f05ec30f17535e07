"""kill -9 of the whole run at random instants, while somebody decodes every output that is ever seen."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from PIL import Image

from tests.concurrency.tools import eventually
from tests.conftest import remove_sockets_of_the_killed
from tests.folders import contents, paint, temporaries

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

COMMAND = [sys.executable, "-m", "imgpipe", "process"]
PICTURES = 40
# Readers are so far ahead of the records: two writers, and the channel between them and the records.
IN_FLIGHT = 2 + 64
RECIPE = ["--resize", "50%", "--cores", "2", "-Q"]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return painted(tmp_path_factory.mktemp("pictures"), (450, 300))


@pytest.fixture
def large_pictures(tmp_path_factory):
    """On a fast machine too many of the kills would fall before the first record of small ones, or after the last."""
    return painted(tmp_path_factory.mktemp("large"), (1350, 900))


def painted(folder, size):
    for number in range(PICTURES):
        paint(folder / f"{number % 3}/{number:02}.{('png', 'jpg', 'bmp')[number % 3]}", size=size, seed=number)
    return folder


class Reader:
    """Decodes, again and again, every output that stands below a folder."""

    def __init__(self, folder):
        self.bad = []
        self.seen = 0
        self._folder = folder
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def _look(self):
        while not self._over.is_set():
            for path in self._outputs():
                try:
                    with Image.open(path) as image:
                        image.load()
                    self.seen += 1
                except FileNotFoundError:
                    pass  # in place of it stands a newer one by now
                except Exception as error:
                    self.bad.append((path, repr(error)))

    def _outputs(self):
        for folder, folders, names in os.walk(self._folder):
            folders[:] = [name for name in folders if name != ".imgpipe"]
            yield from (os.path.join(folder, name) for name in names if not name.startswith(".imgpipe-"))


def recorded(out):
    """Names of the sources of all whole records, and how many there are."""
    try:
        lines = (out / ".imgpipe/journal.jsonl").read_bytes().split(b"\n")[:-1]
    except OSError:
        return []
    return [line["done"] for line in map(json.loads, lines) if "done" in line]


def wait_for_work(run, out):
    """Until a first output stands there, or all is over."""
    while run.poll() is None and not contents(out):
        time.sleep(0.001)


def gone_on_with(pictures, out, options):
    command = [*COMMAND, str(pictures), str(out), *options, "--json", "-"]
    ended = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    return lines[:-1], lines[-1]


def kill_at_random_instants(times, pictures, tmp_path, *more, seed):
    """Each run is killed once and then gone on with; every fourth is killed again and again until it comes through."""
    chance = random.Random(seed)
    options = [*RECIPE, *more]
    began = time.monotonic()
    run = subprocess.Popen([*COMMAND, str(pictures), str(tmp_path / "expected"), *options])
    wait_for_work(run, tmp_path / "expected")
    worked = time.monotonic()
    assert run.wait() == 0
    whole, working = time.monotonic() - began, time.monotonic() - worked
    expected = contents(tmp_path / "expected")
    reached = 0
    for number in range(times):
        out = tmp_path / f"out{number}"
        with Reader(out) as reader:
            for _ in range(4 if number % 4 == 3 else 1):
                run = subprocess.Popen([*COMMAND, str(pictures), str(out), *options], stderr=subprocess.PIPE)
                if chance.random() < 0.8:
                    wait_for_work(run, out)
                    time.sleep(chance.uniform(0, working))
                else:
                    time.sleep(chance.uniform(0.02, whole))
                run.kill()
                _, said = run.communicate()
                # It may have made the folder of its socket, and not yet forked the server that would remove it.
                remove_sockets_of_the_killed()
                assert b"another run" not in said, "the lock of a dead run was not free"
            done = recorded(out)
            there = contents(out)
            assert there.items() <= expected.items(), "a partial file stands under a final name"
            assert len(set(done)) == len(done), "done twice"
            assert len(there) - len(done) <= IN_FLIGHT
            items, summary = gone_on_with(pictures, out, options)
        assert not reader.bad
        assert contents(out) == expected
        assert not temporaries(out)
        assert {item["source"] for item in items if item["status"] == "unchanged"} == set(done)
        assert summary["written"] == PICTURES - len(done)
        reached += 0 < len(done) < PICTURES
    return reached


@pytest.mark.parametrize("durability", ["rename", "fsync"])
def test_a_run_that_is_killed_at_any_instant_is_gone_on_with_to_the_same_bytes(pictures, tmp_path, durability):
    kill_at_random_instants(4, pictures, tmp_path, "--durability", durability, seed=5)


@pytest.mark.parametrize("flags", [[], ["-v"]], ids=str)
def test_a_run_that_is_killed_at_its_work_leaves_no_folder_of_sockets(pictures, tmp_path, flags):
    folders = Path(os.environ["TMPDIR"])
    before = set(folders.iterdir())
    command = [*COMMAND[:-1], *flags, *COMMAND[-1:]]
    run = subprocess.Popen([*command, str(pictures), str(tmp_path / "out"), *RECIPE])
    wait_for_work(run, tmp_path / "out")
    assert len(set(folders.iterdir()) - before) == 1
    run.kill()
    assert run.wait() == -signal.SIGKILL
    eventually(lambda: set(folders.iterdir()) == before)
    # Beside an output there may be a temporary file, which the next run removes.
    gone_on_with(pictures, tmp_path / "out", RECIPE)
    assert not temporaries(tmp_path / "out")


@pytest.mark.chaos
@pytest.mark.timeout(3600)
def test_two_hundred_kills(large_pictures, tmp_path):
    seed = random.randrange(10**9)
    print(f"seed {seed}")
    reached = kill_at_random_instants(200, large_pictures, tmp_path, seed=seed)
    assert reached > 60, "most kills fell before the first or after the last record"
