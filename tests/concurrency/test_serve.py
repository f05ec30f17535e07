"""Workers go with their parent however it goes, and do not listen to stop signals themselves."""

import multiprocessing
import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from imgpipe.concurrency import launch, serve, wire
from tests.concurrency.tools import PATIENCE, Bell, eventually
from tests.conftest import remove_sockets_of_the_killed, wait_for_exit

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

METHODS = ["forkserver", "spawn"]
ROOT = Path(__file__).parents[2]
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def parent(folder, *arguments):
    """The program of `parent.py` in a process group of its own."""
    with open(folder / "errors", "wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.concurrency.parent", *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
            text=True,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


class Ended(BaseException):
    """Stands for the end of a process."""


def end(status):
    raise Ended(status)


def errors_of(folder):
    return (folder / "errors").read_text()


@pytest.mark.parametrize("method", METHODS)
class TestParentKilled:
    def assert_all_go(self, process, folder, pids, seconds=PATIENCE):
        process.kill()
        process.wait()
        for pid in pids:
            assert wait_for_exit(pid, seconds)
        assert errors_of(folder) == ""
        remove_sockets_of_the_killed()

    @pytest.mark.parametrize("trick", ["sleep", "spin", "hang"])
    def test_busy_workers_go(self, tmp_path, method, trick):
        with Bell(tmp_path) as bell, parent(tmp_path, method, str(tmp_path), "be_busy_or_idle", trick) as process:
            pids = {bell.wait()[0], bell.wait()[0]}
            assert len(pids) == 2
            self.assert_all_go(process, tmp_path, pids)

    @pytest.mark.chaos
    @pytest.mark.parametrize("trick", ["sleep", "spin", "hang"])
    def test_busy_workers_go_within_two_seconds(self, tmp_path, method, trick):
        for number in range(10):
            (folder := tmp_path / str(number)).mkdir()
            with Bell(folder) as bell, parent(folder, method, str(folder), "be_busy_or_idle", trick) as process:
                self.assert_all_go(process, folder, {bell.wait()[0], bell.wait()[0]}, seconds=2)

    def test_idle_workers_go(self, tmp_path, method):
        with Bell(tmp_path) as bell, parent(tmp_path, method, str(tmp_path), "be_busy_or_idle", "ring") as process:
            pids = {bell.wait()[0], bell.wait()[0]}
            assert sorted((process.stdout.readline(), process.stdout.readline())) == ["0\n", "1\n"]
            self.assert_all_go(process, tmp_path, pids)

    def test_sending_workers_go(self, tmp_path, method):
        with Bell(tmp_path) as bell, parent(tmp_path, method, str(tmp_path), "be_busy_or_idle", "ring") as process:
            pids = {bell.wait()[0], bell.wait()[0]}
            self.assert_all_go(process, tmp_path, pids)

    def test_starting_workers_go(self, tmp_path, method):
        (folder := tmp_path / "starts").mkdir()
        for name in "ab":
            (folder / name).touch()
        with Bell(tmp_path) as bell, parent(tmp_path, method, str(tmp_path), "be_starting") as process:
            pids = {bell.wait()[0], bell.wait()[0]}
            self.assert_all_go(process, tmp_path, pids)


@pytest.mark.parametrize("method", METHODS)
class TestStopSignals:
    def test_to_the_whole_group_leave_workers_alone(self, tmp_path, method):
        """From the first moment on, and while they work; the one who decides is the parent."""
        with Bell(tmp_path) as bell, parent(tmp_path, method, str(tmp_path), "count_signals") as process:
            assert process.stdout.readline() == "handlers are set\n"

            def all_are_at_work():
                for number in STOP_SIGNALS:
                    os.killpg(process.pid, number)
                while bell.rung():
                    pids.append(bell.wait()[0])
                return len(pids) >= 2

            pids = []
            eventually(all_are_at_work)
            all_are_at_work()
            (tmp_path / "go").touch()
            assert process.stdout.read() == "2 workers, results [0, 1]\n"
            assert process.wait(PATIENCE) == 0
            assert len(set(pids)) == 2
            assert not bell.rung()
            assert errors_of(tmp_path) == ""


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("trick", ["sleep", "hang", "idle"])
def test_program_that_leaves_its_pool_open_still_ends(tmp_path, method, trick):
    with Bell(tmp_path), parent(tmp_path, method, str(tmp_path), "leave_it_open", trick) as process:
        assert process.stdout.readline() == "the end\n"
        assert process.wait(PATIENCE) == 0
        assert errors_of(tmp_path) == ""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_worker_does_not_die_of_what_the_system_says_late_of_its_start():
    """That a write has ended is told after what was written can be read, and on a busy machine much later."""
    ours, theirs = multiprocessing.Pipe()
    process, _ = launch.start("forkserver", serve.serve, (theirs,), [])
    theirs.close()
    eventually(lambda: ignores(process.pid, signal.SIGTERM))
    to_the_sentinel, _ = process._popen.finalizer._args
    os.write(to_the_sentinel, b"-")
    wire.send(ours, wire.dumps((abs, None)))
    assert wire.receive(ours) == serve.READY_RECEIVED
    ours.close()
    assert launch.collect(process) == 0


def ignores(pid, number):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search("SigIgn:\t(.*)", status)[1], 16) >> number - 1 & 1


def test_worker_whose_parent_has_gone_before_it_looked_ends(monkeypatch):
    monkeypatch.setattr(os, "_exit", end)
    sentinel, theirs = os.pipe()
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: SimpleNamespace(sentinel=sentinel))
    os.close(theirs)
    with pytest.raises(Ended):
        serve._leave_with_parent()
    os.close(sentinel)


def test_daemonic_thread_does_not_take_what_came_until_the_end_of_the_program_for_all(tmp_path):
    with Bell(tmp_path), parent(tmp_path, "forkserver", str(tmp_path), "leave_it_to_a_daemon") as process:
        assert process.stdout.read() == "the program ends, and its worker processes with it\n"
        assert process.wait(PATIENCE) == 0
        assert errors_of(tmp_path) == ""


@pytest.mark.parametrize("talk", [lambda end: serve._send(end, serve.READY), serve._receive])
def test_worker_whose_parent_has_gone_ends_without_a_word(monkeypatch, talk):
    monkeypatch.setattr(os, "_exit", end)
    ours, theirs = multiprocessing.Pipe()
    ours.close()
    with theirs, pytest.raises(Ended, match="0"):
        talk(theirs)
